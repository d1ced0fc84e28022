#include "plot/style.h"

/* Colours: Okabe and Ito (2008), "Color universal design", without their yellow (too pale on
 * white), and four of Tol's (2021) muted scheme. Palette: nine points of matplotlib's viridis
 * (Smith and van der Walt 2015); gnuplot 5.4 does not know it by name. */
const char *style_text(void)
{
    return "# The style of all figures: colours that survive colour-blindness, viridis, a light "
           "grid.\n"
           "set encoding utf8\n"
           "set datafile separator comma\n"
           "set linetype 1 lc rgb '#0072B2' lw 2 pt 7\n"
           "set linetype 2 lc rgb '#D55E00' lw 2 pt 9\n"
           "set linetype 3 lc rgb '#009E73' lw 2 pt 5\n"
           "set linetype 4 lc rgb '#CC79A7' lw 2 pt 11\n"
           "set linetype 5 lc rgb '#E69F00' lw 2 pt 13\n"
           "set linetype 6 lc rgb '#56B4E9' lw 2 pt 15\n"
           "set linetype 7 lc rgb '#332288' lw 2 pt 7\n"
           "set linetype 8 lc rgb '#882255' lw 2 pt 9\n"
           "set linetype 9 lc rgb '#999933' lw 2 pt 5\n"
           "set linetype 10 lc rgb '#777777' lw 2 pt 11\n"
           "set linetype cycle 10\n"
           "set palette defined (0 '#440154', 1 '#472d7b', 2 '#3b528b', 3 '#2c728e', 4 '#21918c', "
           "\\\n"
           "                     5 '#28ae80', 6 '#5ec962', 7 '#addc30', 8 '#fde725')\n"
           "set border 3 lt 1 lw 1 lc rgb '#555555'\n"
           "set tics nomirror out scale 0.6 textcolor rgb '#222222'\n"
           "set format '%g'\n"
           "set grid back lt 1 lw 1 lc rgb '#e4e4e4'\n"
           "set key outside bottom center horizontal Left reverse samplen 1.8 spacing 1.2 width 1 "
           "height 0.7\n"
           "set colorbox noborder\n";
}
