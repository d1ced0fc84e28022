# The style of all figures: colours that survive colour-blindness, viridis, a light grid.
set encoding utf8
set datafile separator comma
set linetype 1 lc rgb '#0072B2' lw 2 pt 7
set linetype 2 lc rgb '#D55E00' lw 2 pt 9
set linetype 3 lc rgb '#009E73' lw 2 pt 5
set linetype 4 lc rgb '#CC79A7' lw 2 pt 11
set linetype 5 lc rgb '#E69F00' lw 2 pt 13
set linetype 6 lc rgb '#56B4E9' lw 2 pt 15
set linetype 7 lc rgb '#332288' lw 2 pt 7
set linetype 8 lc rgb '#882255' lw 2 pt 9
set linetype 9 lc rgb '#999933' lw 2 pt 5
set linetype 10 lc rgb '#777777' lw 2 pt 11
set linetype cycle 10
set palette defined (0 '#440154', 1 '#472d7b', 2 '#3b528b', 3 '#2c728e', 4 '#21918c', \
                     5 '#28ae80', 6 '#5ec962', 7 '#addc30', 8 '#fde725')
set border 3 lt 1 lw 1 lc rgb '#555555'
set tics nomirror out scale 0.6 textcolor rgb '#222222'
set format '%g'
set grid back lt 1 lw 1 lc rgb '#e4e4e4'
set key outside bottom center horizontal Left reverse samplen 1.8 spacing 1.2 width 1 height 0.7
set colorbox noborder
