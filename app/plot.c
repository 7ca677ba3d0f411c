/* plot */
extern int placeholder_plot;
