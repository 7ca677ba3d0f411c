/* options */
extern int placeholder_options;
