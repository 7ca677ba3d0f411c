#include "check.h"
#include "registry.h"
int main(void)
{
    CHECK(1 == 1);
    return check_done();
}
