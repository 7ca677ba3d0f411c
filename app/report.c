/* report */
extern int placeholder_report;
