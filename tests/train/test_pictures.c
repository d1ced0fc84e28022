/* What a program says of its pictures at the end. */
#include "harness/suite.h"
#include "plot/figure.h"
#include "train/pictures.h"

#include <stdio.h>
#include <stdlib.h>

static void list(const char *dir, bool draw)
{
    static const double y[] = {1, 2, 3};
    Figures *figures = figures_open(dir);
    if (draw)
        figure_lines(figures, &(FigureText){.name = "line"},
                     &(FigureLines){.n = 3, .curve = &(FigureCurve){.y = y}, .curves = 1});
    printf("[");
    pictures_list(figures, "RUN");
    printf("]\n");
    figures_close(figures);
}

static void list_drawn(void *dir)
{
    list(dir, true);
}

static void list_nothing(void *dir)
{
    list(dir, false);
}

static void list_without_gnuplot(void *dir)
{
    setenv("PATH", "/nonexistent", 1);
    list(dir, true);
}

/* Drawn ones are listed; where gnuplot lacks, their scripts are pointed to; where there was nothing
 * to draw, nothing is said. */
static void test_list(void)
{
    char dir[256];
    folder_make(dir);
    ChildResult drawn = child_run(list_drawn, dir), nothing = child_run(list_nothing, dir);
    ChildResult scripts = child_run(list_without_gnuplot, dir);
    CU_ASSERT(child_said(&drawn, 0, "[pictures:\n  /"));
    CU_ASSERT(child_said(&drawn, 0, "/line.png\n]"));
    CU_ASSERT(child_said(&nothing, 0, "[]"));
    CU_ASSERT(child_said(&scripts, 0, "[no pictures were drawn; scripts and data are in RUN/"));
    folder_remove(dir);
}

const Suite suite = {"train/pictures", {{"what was drawn is listed", test_list}, {NULL, NULL}}};
