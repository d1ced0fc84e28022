#include "harness/suite.h"
#include "plot/pictures.h"
#include "plot/terminal.h"

#include <math.h>

static const FigureText TEXT = {.name = "live", .title = "loss of vae_2", .x_label = "step"};

static void test_lines(void)
{
    double y[50];
    for (int i = 0; i < 50; i++)
        y[i] = exp(-i / 10.0);
    const FigureCurve curve = {.label = "train", .y = y};
    const FigureLines lines = {.n = 50, .curve = &curve, .curves = 1};
    char *picture = plot_terminal_lines_text(&TEXT, &lines, 60, 16, false);
    CU_ASSERT_PTR_NOT_NULL_FATAL(picture);
    CU_ASSERT_PTR_NULL(strchr(picture, '\f'));
    CU_ASSERT_PTR_NULL(strchr(picture, '\033'));
    CU_ASSERT_PTR_NOT_NULL(strstr(picture, "loss of vae_2"));
    CU_ASSERT_PTR_NOT_NULL(strstr(picture, "step"));
    CU_ASSERT_PTR_NOT_NULL(strstr(picture, "train"));
    CU_ASSERT_PTR_NULL(strstr(picture, " \n"));
    CU_ASSERT_NOT_EQUAL(*picture, '\n');
    CU_ASSERT(times_in(picture, "\n") <= 16);
    CU_ASSERT(times_in(picture, "*") > 20);
    free(picture);
    picture = plot_terminal_lines_text(&TEXT, &lines, 60, 16, true);
    CU_ASSERT_PTR_NOT_NULL_FATAL(picture);
    CU_ASSERT_PTR_NOT_NULL(strchr(picture, '\033'));
    free(picture);
}

static void print_without(void *context)
{
    (void)context;
    setenv("PATH", "/nowhere", 1);
    const double y[] = {1, 2};
    const FigureLines lines = {.n = 2, .curve = &(FigureCurve){.y = y}, .curves = 1};
    printf("drawn: %d\n", plot_terminal_lines(stdout, &TEXT, &lines, 60, 16));
}

static void test_without_gnuplot(void)
{
    ChildResult result = child_run(print_without, NULL);
    CU_ASSERT_EQUAL(result.status, 0);
    CU_ASSERT_STRING_EQUAL(result.text, "drawn: 0\n");
}

static void test_shades(void)
{
    const real pixel[] = {0, 1, 1, 0, 0, 1, 1, 0, /* second */ 1, 1, 1, 1, 0, 0, 0, 0};
    const FigureImages images = {
        .pixel = pixel, .n = 2, .height = 2, .width = 4, .channels = 1, .rows = 1, .columns = 3};
    char *picture = plot_terminal_images_text(&TEXT, &images, 40, false);
    CU_ASSERT_STRING_EQUAL(picture, " @@  ++++      \n"); /* the third place has no image */
    free(picture);
    picture = plot_terminal_images_text(&TEXT, &images, 9, false); /* too narrow: 2 x 2 averaged */
    CU_ASSERT_STRING_EQUAL(picture, "++ ++    \n");
    free(picture);
}

static void test_colours(void)
{
    const real pixel[] = {1, 0, 0, /* below */ 0, 0, 1};
    const FigureImages images = {
        .pixel = pixel, .n = 1, .height = 2, .width = 1, .channels = 3, .rows = 1, .columns = 1};
    char *picture = plot_terminal_images_text(&TEXT, &images, 40, true);
    CU_ASSERT_STRING_EQUAL(picture, "\033[38;5;196;48;5;21m\u2580\033[0m \n");
    free(picture);
}

static void test_not_a_terminal(void)
{
    FILE *file = tmpfile();
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_FALSE(plot_terminal_colour(file));
    const real pixel = 1;
    plot_terminal_images(file, &TEXT,
                         &(FigureImages){.pixel = &pixel,
                                         .n = 1,
                                         .height = 1,
                                         .width = 1,
                                         .channels = 1,
                                         .rows = 1,
                                         .columns = 1},
                         10);
    rewind(file);
    char line[16] = "";
    CU_ASSERT_PTR_NOT_NULL(fgets(line, sizeof line, file));
    CU_ASSERT_STRING_EQUAL(line, "@ \n");
    fclose(file);
}

const Suite suite = {"plot/terminal",
                     {{"a curve in characters", test_lines},
                      {"no gnuplot: nothing is printed", test_without_gnuplot},
                      {"images in shades", test_shades},
                      {"images in colour", test_colours},
                      {"no colour outside a terminal", test_not_a_terminal},
                      {NULL, NULL}}};
