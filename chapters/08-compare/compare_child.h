/* Another process of this program, whose output goes into a file. */
#ifndef COMPARE_COMPARE_CHILD_H
#define COMPARE_COMPARE_CHILD_H

#include <stdbool.h>

typedef struct ChildEnd {
    int status;   /* the exit status, or 128 + signal */
    char *reason; /* of a failure: the last line that begins with "error:", without that word; free
                     with free() */
} ChildEnd;

/* Runs this program with the arguments argv (argv[0] first, NULL last), stdout and stderr added to
 * the file log, and waits. On a terminal a line says what runs and for how long, unless quiet.
 * Ctrl-C reaches the child alone; it saves and ends with 130. */
ChildEnd child_process(char *const *argv, const char *log, const char *what, bool quiet);

#endif
