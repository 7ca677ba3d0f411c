/* main */
extern int placeholder_main;
