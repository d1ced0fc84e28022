/* Running gnuplot once on a script, without a pipe: it cannot kill the caller by SIGPIPE, hang it
 * for longer than a limit, or leave a zombie. Private to lib/plot. */
#ifndef PLOT_GNUPLOT_H
#define PLOT_GNUPLOT_H

#include <stdbool.h>

typedef enum GnuplotEnd {
    GNUPLOT_DONE,    /* status 0                                 */
    GNUPLOT_FAILED,  /* could not start, a signal, or status > 0 */
    GNUPLOT_TOO_SLOW /* killed at the limit                      */
} GnuplotEnd;

typedef struct GnuplotCall {
    const char *folder; /* where it runs; NULL: here                                       */
    const char *script; /* a file in that folder; NULL: the script is read from input      */
    const char *preset; /* commands run before the script; NULL: none                      */
    const char *log;    /* a file in that folder for what it prints; NULL: stderr is lost  */
    int input, output;  /* open files for stdin and stdout when script is NULL             */
    double seconds;     /* it and its children are killed after so many                    */
} GnuplotCall;

/* Whether a program of that name is on PATH. */
bool gnuplot_found(void);

GnuplotEnd gnuplot_run(const GnuplotCall *call);

#endif
