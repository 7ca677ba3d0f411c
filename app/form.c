/* form */
extern int placeholder_form;
