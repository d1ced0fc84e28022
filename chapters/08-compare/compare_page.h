/* The comparison as one HTML file: tables, pictures and commands in it, nothing fetched, no script.
 */
#ifndef COMPARE_COMPARE_PAGE_H
#define COMPARE_COMPARE_PAGE_H

#include "08-compare/compare_figures.h"

/* figures_dir: where the pictures lie; one that is not there (no gnuplot) is said to be missing. */
void page_write(const Contest *contest, const Pictures *pictures, const char *figures_dir,
                FILE *out);

#endif
