/* The one style of all figures, as gnuplot commands. It heads every script, so that a script needs
 * no other file and programs may run from any folder. plots/style.gp holds the same text, for
 * scripts written by hand; a test keeps the two the same. Private to lib/plot. */
#ifndef PLOT_STYLE_H
#define PLOT_STYLE_H

enum { STYLE_COLOURS = 10 }; /* line types before they repeat */

const char *style_text(void);

#endif
