/* VEC4(float) is vec4, VEC4(double) dvec4: shaders are written once for both. */
#define VEC4_float vec4
#define VEC4_double dvec4
#define VEC4_OF(type) VEC4_##type
#define VEC4(type) VEC4_OF(type)
