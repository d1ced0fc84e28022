/* What happens when gnuplot is missing, fails, hangs or leaves half a picture: false ones on PATH.
 */
#include "harness/suite.h"
#include "plot/figure.h"
#include "plot/gnuplot.h"
#include "plot/pictures.h"

#include <sys/stat.h>
#include <time.h>

static const double CURVE[] = {1, 2, 3};

/* A folder with a gnuplot that is this shell script, or none (NULL), becomes the whole PATH. */
static void use_gnuplot(const char *dir, const char *script)
{
    char path[400];
    snprintf(path, sizeof path, "%s/bin", dir);
    mkdir(path, 0777);
    setenv("PATH", path, 1);
    if (script == NULL)
        return;
    snprintf(path, sizeof path, "%s/bin/gnuplot", dir);
    FILE *file = fopen(path, "w");
    fprintf(file, "#!/bin/sh\n%s\n", script);
    fclose(file);
    chmod(path, 0755);
}

static bool draw_lines(Figures *figures, const char *name)
{
    return figure_lines(figures, &(FigureText){.name = name},
                        &(FigureLines){.n = 3, .curve = &(FigureCurve){.y = CURVE}, .curves = 1});
}

static bool draw_images(Figures *figures, const char *name)
{
    const real pixel[] = {0, 1, 0.5f, 0.25f};
    return figure_images(figures, &(FigureText){.name = name},
                         &(FigureImages){.pixel = pixel,
                                         .n = 2,
                                         .height = 1,
                                         .width = 2,
                                         .channels = 1,
                                         .rows = 2,
                                         .columns = 1});
}

static void draw_all(const char *dir)
{
    char figures_dir[400];
    snprintf(figures_dir, sizeof figures_dir, "%s/figures", dir);
    Figures *figures = figures_open(figures_dir);
    bool first = draw_lines(figures, "first");
    bool second = draw_lines(figures, "second");
    bool grid = draw_images(figures, "grid");
    printf("lines %d %d grid %d pictures %d\n", first, second, grid, figures_drawn(figures));
    figures_close(figures);
}

static void draw_without(void *dir)
{
    use_gnuplot(dir, NULL);
    draw_all(dir);
}

static void draw_failing(void *dir)
{
    use_gnuplot(dir, "echo 'line 3: the disk is made of cheese' >&2; [ $4 = first.gp ] && : > "
                     "first.png.part; exit 1");
    draw_all(dir);
}

static void draw_empty(void *dir)
{
    use_gnuplot(dir, "[ $4 = first.gp ] && : > first.png.part; exit 0");
    draw_all(dir);
}

static void test_missing(void)
{
    char dir[256];
    folder_make(dir);
    ChildResult result = child_run(draw_without, dir);
    CU_ASSERT(child_said(&result, 0, "lines 0 0 grid 1 pictures 1\n"));
    CU_ASSERT_EQUAL(times_in(result.text, "warning: "), 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(result.text, "gnuplot is not installed"));
    CU_ASSERT(is_there(dir, "figures/first.gp"));
    CU_ASSERT(text_holds(dir, "figures/second.csv", "0,1\n1,2\n2,3\n"));
    CU_ASSERT_FALSE(is_there(dir, "figures/first.png"));
    Picture grid = picture_read(dir, "figures/grid.png"); /* 2 x 3 with the white line, 20 times */
    CU_ASSERT_EQUAL_FATAL(grid.width, 40);
    CU_ASSERT_EQUAL_FATAL(grid.height, 60);
    const int column[] = {0, 39, 0, 0, 39};
    const int row[] = {0, 19, 20, 40, 59};
    const int level[] = {0, 255, 255, 128, 64};
    for (int i = 0; i < 5; i++)
        CU_ASSERT_EQUAL(grid.rgb[3 * (row[i] * grid.width + column[i])], level[i]);
    free(grid.rgb);
    folder_remove(dir);
}

static void test_failing(void)
{
    char dir[256];
    folder_make(dir);
    mkdir(strcat(strcpy((char[400]){0}, dir), "/figures"), 0777);
    char stale[400];
    snprintf(stale, sizeof stale, "%s/figures/first.png", dir);
    fclose(fopen(stale, "w")); /* of an earlier run */
    ChildResult result = child_run(draw_failing, dir);
    CU_ASSERT(child_said(&result, 0, "lines 0 0 grid 1 pictures 1\n"));
    CU_ASSERT_EQUAL(times_in(result.text, "warning: "), 3); /* one a figure */
    CU_ASSERT_EQUAL(
        times_in(result.text, "figure first: gnuplot made no picture: line 3: the disk"), 1);
    CU_ASSERT_FALSE(is_there(dir, "figures/first.png"));
    CU_ASSERT_FALSE(is_there(dir, "figures/first.png.part"));
    CU_ASSERT(text_holds(dir, "figures/first.log", "made of cheese"));
    CU_ASSERT(picture_has_size(dir, "figures/grid.png", 40, 60));
    folder_remove(dir);
}

static void test_empty_picture(void)
{
    char dir[256];
    folder_make(dir);
    ChildResult result = child_run(draw_empty, dir);
    CU_ASSERT(child_said(&result, 0, "lines 0 0 grid 1 pictures 1\n"));
    CU_ASSERT_FALSE(is_there(dir, "figures/first.png"));
    CU_ASSERT_FALSE(is_there(dir, "figures/first.png.part"));
    folder_remove(dir);
}

static void draw_hanging(void *dir)
{
    use_gnuplot(dir, "echo x > started; (/bin/sleep 0.8; echo x > ended) & /bin/sleep 30");
    Figures *figures = figures_open(dir);
    figures_limit(figures, 0.3);
    bool first = draw_lines(figures, "first");
    bool second = draw_lines(figures, "second"); /* not tried again */
    printf("lines %d %d\n", first, second);
    figures_close(figures);
}

static void test_hanging(void)
{
    char dir[256];
    folder_make(dir);
    time_t start = time(NULL);
    ChildResult result = child_run(draw_hanging, dir);
    CU_ASSERT(time(NULL) - start < 10);
    CU_ASSERT(child_said(&result, 0, "lines 0 0\n"));
    CU_ASSERT_EQUAL(times_in(result.text, "warning: "), 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(result.text, "took more than 0.3 s"));
    CU_ASSERT(is_there(dir, "started"));
    sleep(1);
    CU_ASSERT_FALSE(is_there(dir, "ended")); /* what it had started was stopped too */
    CU_ASSERT_FALSE(is_there(dir, "first.png"));
    CU_ASSERT(is_there(dir, "second.gp"));
    folder_remove(dir);
}

static void draw_in_comma_land(void *dir)
{
    use_gnuplot(dir, "echo \"$LC_ALL $LAB_TEST\" > environment; exit 1");
    setenv("LC_ALL", "de_DE.UTF-8", 1);
    setenv("LAB_TEST", "kept", 1);
    Figures *figures = figures_open(dir);
    draw_lines(figures, "first");
    figures_close(figures);
}

static void test_environment(void)
{
    char dir[256];
    folder_make(dir);
    ChildResult result = child_run(draw_in_comma_land, dir);
    CU_ASSERT(child_said(&result, 0, "warning"));
    CU_ASSERT(text_holds(dir, "environment", "C kept\n"));
    folder_remove(dir);
}

static void draw_where_files_cannot_be(void *dir)
{
    char path[400];
    Figures *figures = figures_open(dir);
    snprintf(path, sizeof path, "%s/first.csv", (const char *)dir);
    mkdir(path, 0777); /* a folder of that name: no file can take it */
    snprintf(path, sizeof path, "%s/first.csv/full", (const char *)dir);
    mkdir(path, 0777);
    printf("lines %d\n", draw_lines(figures, "first"));
    figures_close(figures);
}

static void test_no_file(void)
{
    char dir[256];
    folder_make(dir);
    ChildResult result = child_run(draw_where_files_cannot_be, dir);
    CU_ASSERT(child_said(&result, 0, "lines 0\n"));
    CU_ASSERT_EQUAL(times_in(result.text, "warning: "), 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(result.text, "/first.csv: not written: "));
    CU_ASSERT_FALSE(is_there(dir, "first.png"));
    folder_remove(dir);
}

static void look_for_it(void *dir)
{
    use_gnuplot(dir, NULL);
    printf("%d", gnuplot_found());
    char path[400];
    snprintf(path, sizeof path, "%s/bin/gnuplot", (const char *)dir);
    mkdir(path, 0777); /* a folder is no program */
    printf("%d", gnuplot_found());
    rmdir(path);
    use_gnuplot(dir, "exit 0");
    printf("%d", gnuplot_found());
    chmod(path, 0644);
    printf("%d\n",
           gnuplot_found() && geteuid() != 0); /* root may run what has no leave for others */
}

static void test_found(void)
{
    char dir[256];
    folder_make(dir);
    ChildResult result = child_run(look_for_it, dir);
    CU_ASSERT(child_said(&result, 0, "0010\n"));
    folder_remove(dir);
}

const Suite suite = {"plot/gnuplot",
                     {{"missing: one notice, data, image grids", test_missing},
                      {"failing: a warning, no half or old picture", test_failing},
                      {"an empty picture is no picture", test_empty_picture},
                      {"hanging: stopped, not tried again", test_hanging},
                      {"it runs in the C locale", test_environment},
                      {"a file that cannot be written", test_no_file},
                      {"what counts as gnuplot on PATH", test_found},
                      {NULL, NULL}}};
