/* docs */
extern int placeholder_docs;
