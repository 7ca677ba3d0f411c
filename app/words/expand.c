extern int placeholder;
