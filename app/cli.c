/* cli */
extern int placeholder_cli;
