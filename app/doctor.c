/* doctor */
extern int placeholder_doctor;
