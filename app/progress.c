/* progress */
extern int placeholder_progress;
