/* Every kind of figure with gnuplot: files, values, sizes, orientation, odd data. */
#include "harness/suite.h"
#include "plot/figure.h"
#include "plot/pictures.h"
#include "plot/style.h"

#include <math.h>

enum { WIDE = 900, LOW = 540, SQUARE_WIDE = 760, SQUARE_LOW = 620 };

static void test_style_file(void)
{
    char *text = text_read("", "plots/style.gp", NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    CU_ASSERT_STRING_EQUAL(text, style_text());
    free(text);
}

static void test_lines(void)
{
    char dir[256];
    folder_make(dir);
    Figures *figures = figures_open(dir);
    CU_ASSERT_TRUE_FATAL(figures_have_gnuplot(figures));
    const double x[] = {10, 20, 30, 40};
    const double loss[] = {4, 2.5, NAN, 1.25};
    const double low[] = {3, 2, NAN, 1};
    const double high[] = {5, 3, NAN, 1.5};
    const double seldom[] = {NAN, 2.75, NAN, 1.5};
    const FigureCurve curve[] = {{.label = "train", .y = loss, .low = low, .high = high},
                                 {.label = "held, \"out\"", .y = seldom, .sparse = true}};
    const FigureLevel level = {1, "entropy"};
    const FigureText text = {.name = "loss", .title = "Loss", .x_label = "step", .y_label = "nats"};
    CU_ASSERT_TRUE(figure_lines(figures, &text,
                                &(FigureLines){.x = x,
                                               .n = 4,
                                               .curve = curve,
                                               .curves = 2,
                                               .level = &level,
                                               .levels = 1,
                                               .log_x = true,
                                               .log_y = true}));
    char *csv = text_read(dir, "loss.csv", NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(csv);
    CU_ASSERT_STRING_EQUAL(csv,
                           "\"step\",\"train\",\"train low\",\"train high\",\"held, \"\"out\"\"\"\n"
                           "10,4,3,5,\n20,2.5,2,3,2.75\n30,NaN,NaN,NaN,\n40,1.25,1,1.5,1.5\n");
    free(csv);
    CU_ASSERT(text_holds(dir, "loss.gp", style_text()));
    CU_ASSERT(text_holds(dir, "loss.gp", "set logscale y\n"));
    CU_ASSERT(text_holds(dir, "loss.gp", "'loss.csv' skip 1 using 1:5 with linespoints"));
    CU_ASSERT(picture_has_size(dir, "loss.png", WIDE, LOW));
    CU_ASSERT_FALSE(is_there(dir, "loss.log"));
    CU_ASSERT_FALSE(is_there(dir, "loss.png.part"));
    CU_ASSERT_EQUAL_FATAL(figures_drawn(figures), 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(figures_path(figures, 0), "/loss.png"));
    figure_lines(figures, &text, &(FigureLines){.x = x, .n = 4, .curve = curve, .curves = 2});
    CU_ASSERT_EQUAL(figures_drawn(figures), 1); /* the same picture again */
    figures_close(figures);
    folder_remove(dir);
}

/* Places on x with names in the place of numbers, as parallel coordinates have them. */
static void test_named_places(void)
{
    char dir[256];
    folder_make(dir);
    Figures *figures = figures_open(dir);
    const double y[] = {1, NAN, 0.5};
    const char *const tick[] = {"FD's", "50 %", "recall"};
    const FigureText text = {.name = "places", .title = "Places"};
    CU_ASSERT_TRUE(figure_lines(
        figures, &text,
        &(FigureLines){.n = 3, .curve = &(FigureCurve){.y = y}, .curves = 1, .tick = tick}));
    CU_ASSERT(
        text_holds(dir, "places.gp", "set xtics noenhanced ('FD''s' 0, '50 %%' 1, 'recall' 2)\n"));
    CU_ASSERT(text_holds(dir, "places.csv", "0,1\n1,NaN\n2,0.5\n"));
    CU_ASSERT(picture_has_size(dir, "places.png", WIDE, LOW));
    figures_close(figures);
    folder_remove(dir);
}

static void test_redraw(void)
{
    char dir[256], command[600];
    folder_make(dir);
    Figures *figures = figures_open(dir);
    const double y[] = {1, 3, 2};
    figure_lines(figures, &(FigureText){.name = "again"},
                 &(FigureLines){.n = 3, .curve = &(FigureCurve){.y = y}, .curves = 1});
    snprintf(command, sizeof command,
             "cd %s && rm again.png && LC_ALL=C gnuplot again.gp 2>/dev/null", dir);
    CU_ASSERT_EQUAL(system(command), 0);
    CU_ASSERT(picture_has_size(dir, "again.png", WIDE, LOW));
    figures_close(figures);
    folder_remove(dir);
}

/* Texts from data: nothing in them may run, break the script or leave the folder. */
static void test_hostile_texts(void)
{
    char dir[256];
    folder_make(dir);
    Figures *figures = figures_open(dir);
    const char *nasty =
        "it's `touch ran` \"q\" \\ {a}_b^c %d @x $y\n!touch ran; system('touch ran') #";
    const double y[] = {1, 2};
    const FigureCurve curve = {.label = nasty, .y = y};
    const FigureLevel level = {1, nasty};
    const FigureText text = {.name = "../up/`touch ran`",
                             .title = nasty,
                             .x_label = nasty,
                             .y_label = nasty,
                             .z_label = nasty};
    CU_ASSERT_TRUE(figure_lines(
        figures, &text,
        &(FigureLines){.n = 2, .curve = &curve, .curves = 1, .level = &level, .levels = 1}));
    CU_ASSERT(picture_has_size(dir, "_.-up--touch-ran-.png", WIDE, LOW));
    const FigureBar bar = {nasty, 1, 0};
    CU_ASSERT_TRUE(figure_bars(figures, &text, &(FigureBars){.bar = &bar, .bars = 1}));
    const real point[] = {0, 1};
    const FigureScatter scatter = {
        .point = point, .n = 1, .group = (const int[]){0}, .groups = 1, .group_name = &nasty};
    CU_ASSERT_TRUE(figure_scatter_gif(figures, &text, &scatter, 1, &nasty, 0.1));
    const real pixel = 0;
    const FigureImages images = {&pixel, 1, 1, 1, 1, 1, 1, &nasty, &nasty};
    CU_ASSERT_TRUE(figure_images(figures, &text, &images));
    CU_ASSERT_FALSE(is_there(dir, "ran"));
    CU_ASSERT_FALSE(is_there(dir, "../ran"));
    CU_ASSERT_NOT_EQUAL(access("ran", F_OK), 0);
    figures_close(figures);
    folder_remove(dir);
}

static void test_scatter(void)
{
    char dir[256];
    folder_make(dir);
    Figures *figures = figures_open(dir);
    const real point[] = {0, 0, 1, 0.5, -1, 2};
    const int group[] = {0, 1, 1};
    const char *const names[] = {"ring", "disc"};
    FigureScatter scatter = {.point = point,
                             .n = 3,
                             .group = group,
                             .groups = 2,
                             .group_name = names,
                             .equal_axes = true};
    CU_ASSERT_TRUE(figure_scatter(figures, &(FigureText){.name = "groups"}, &scatter));
    CU_ASSERT(text_holds(dir, "groups.csv", "x,y,group\n0,0,0\n1,0.5,1\n-1,2,1\n"));
    CU_ASSERT(text_holds(dir, "groups.gp", "title 'disc' noenhanced"));
    CU_ASSERT(picture_has_size(dir, "groups.png", SQUARE_WIDE, SQUARE_LOW));
    scatter.group = NULL;
    scatter.value = (const double[]){1, 2, NAN};
    CU_ASSERT_TRUE(figure_scatter(figures, &(FigureText){.name = "values"}, &scatter));
    CU_ASSERT(text_holds(dir, "values.csv", "x,y,value\n0,0,1\n1,0.5,2\n-1,2,NaN\n"));
    CU_ASSERT(text_holds(dir, "values.gp", "set cbrange [1:2]\n"));
    figures_close(figures);
    folder_remove(dir);
}

static void draw_wrong_group(void *context)
{
    const real point[] = {0, 0};
    const FigureScatter scatter = {.point = point, .n = 1, .group = (const int[]){2}, .groups = 2};
    figure_scatter(figures_open(context), &(FigureText){.name = "wrong"}, &scatter);
}

static void test_wrong_group(void)
{
    char dir[256];
    folder_make(dir);
    ChildResult result = child_run(draw_wrong_group, dir);
    CU_ASSERT(child_said(&result, 128 + 6, "point 0 is in group 2; groups are 0 to 1"));
    folder_remove(dir);
}

/* Black top left, grey elsewhere: the black must be up and left of the grey in the picture with
 * axes. */
static void test_images_upright(void)
{
    char dir[256];
    folder_make(dir);
    Figures *figures = figures_open(dir);
    const real image[] = {0, 0.5f, 0.5f, 0.5f};
    const FigureImages images = {
        .pixel = image, .n = 1, .height = 2, .width = 2, .channels = 1, .rows = 1, .columns = 1};
    CU_ASSERT_TRUE(figure_images(figures, &(FigureText){.name = "one"}, &images));
    Picture picture = picture_read(dir, "one.png");
    Spot black = picture_spot(&picture, 0, 0, 0);
    Spot grey = picture_spot(&picture, 128, 128, 128);
    CU_ASSERT_EQUAL(black.count, 20 * 20); /* whole screen pixels, none lost at an edge */
    CU_ASSERT_EQUAL(grey.count, 3 * 20 * 20);
    CU_ASSERT(black.x < grey.x);
    CU_ASSERT(black.y < grey.y);
    free(picture.rgb);
    size_t bytes = 0;
    char *data = text_read(dir, "one.bin", &bytes);
    CU_ASSERT_EQUAL_FATAL(bytes, 4);
    CU_ASSERT_EQUAL(memcmp(data, "\x00\x80\x80\x80", 4), 0);
    free(data);
    figures_close(figures);
    folder_remove(dir);
}

/* The picture with title and labels holds exactly the pixels that libpng writes without gnuplot. */
static void check_same_pixels(int channels)
{
    char dir[256];
    folder_make(dir);
    enum { N = 12, SIDE = 28 };
    static real pixel[N * SIDE * SIDE * 3];
    for (int i = 0; i < N * SIDE * SIDE * channels; i++)
        pixel[i] = (real)(i * 37 % 256) / 255;
    const FigureImages images = {.pixel = pixel,
                                 .n = N,
                                 .height = SIDE,
                                 .width = SIDE,
                                 .channels = channels,
                                 .rows = 3,
                                 .columns = 5};
    Figures *figures = figures_open(dir);
    CU_ASSERT_TRUE(figure_images(figures, &(FigureText){.name = "framed"}, &images));
    figures_close(figures);
    char *path = strdup(getenv("PATH"));
    setenv("PATH", "/nowhere", 1);
    figures = figures_open(dir);
    setenv("PATH", path, 1);
    free(path);
    CU_ASSERT_TRUE(figure_images(figures, &(FigureText){.name = "plain"}, &images));
    figures_close(figures);
    Picture framed = picture_read(dir, "framed.png");
    Picture plain = picture_read(dir, "plain.png");
    int left = (framed.width - plain.width) / 2;
    int top = (framed.height - plain.height) / 2;
    CU_ASSERT_FATAL(plain.width > 700 && left > 0 && top > 0);
    int rows_wrong = 0;
    for (int y = 0; y < plain.height; y++)
        rows_wrong += memcmp(framed.rgb + 3 * ((y + top) * framed.width + left),
                             plain.rgb + 3 * y * plain.width, 3 * (size_t)plain.width) != 0;
    CU_ASSERT_EQUAL(rows_wrong, 0);
    free(framed.rgb);
    free(plain.rgb);
    folder_remove(dir);
}

static void test_same_pixels(void)
{
    check_same_pixels(1);
    check_same_pixels(3);
}

static int gif_frames(const char *dir, const char *name)
{
    size_t bytes = 0;
    char *gif = text_read(dir, name, &bytes);
    int frames = 0;
    for (size_t i = 0; gif != NULL && i + 3 < bytes; i++)
        frames += memcmp(gif + i, "\x21\xF9\x04", 3) == 0;
    free(gif);
    return frames;
}

static void test_images_gif(void)
{
    char dir[256];
    folder_make(dir);
    Figures *figures = figures_open(dir);
    const real pixel[3][6] = {{1, 0, 0, 1, 1, 1}, {0, 1, 0, 1, 1, 1}, {0, 0, 1, 1, 1, 1}};
    FigureImages frame[3];
    for (int i = 0; i < 3; i++)
        frame[i] = (FigureImages){.pixel = pixel[i],
                                  .n = 2,
                                  .height = 1,
                                  .width = 1,
                                  .channels = 3,
                                  .rows = 1,
                                  .columns = 2};
    const char *const label[] = {"red", "green", "blue"};
    CU_ASSERT_TRUE(figure_images_gif(figures, &(FigureText){.name = "rgb"}, frame, 3, label, 0.2));
    CU_ASSERT_EQUAL(gif_frames(dir, "rgb.gif"), 3);
    Picture last = picture_read(dir, "rgb.png");
    CU_ASSERT_EQUAL(picture_spot(&last, 0, 0, 255).count, 40 * 40); /* one row is doubled */
    CU_ASSERT_EQUAL(picture_spot(&last, 255, 0, 0).count, 0);
    free(last.rgb);
    CU_ASSERT_EQUAL(figures_drawn(figures), 2);
    figures_close(figures);
    folder_remove(dir);
}

static void test_scatter_gif(void)
{
    char dir[256];
    folder_make(dir);
    Figures *figures = figures_open(dir);
    const real point[] = {0, 0, 4, 4};
    const FigureScatter frame[] = {
        {.point = point, .n = 2}, {.point = NULL, .n = 0}, {.point = point + 2, .n = 1}};
    CU_ASSERT_TRUE(figure_scatter_gif(figures, &(FigureText){.name = "walk", .title = "Walk"},
                                      frame, 3, NULL, 0.1));
    CU_ASSERT_EQUAL(gif_frames(dir, "walk.gif"), 3);
    CU_ASSERT(text_holds(dir, "walk.csv", "x,y,value,frame\n0,0,0,0\n4,4,0,0\n4,4,0,2\n"));
    CU_ASSERT(text_holds(dir, "walk.gp", "set xrange [-0.2:4.2]\n")); /* of all frames */
    CU_ASSERT(picture_has_size(dir, "walk.png", SQUARE_WIDE, SQUARE_LOW));
    figures_close(figures);
    folder_remove(dir);
}

/* The first map has its 1 in row 0, which is at the bottom; the second is a quarter everywhere and
 * must be drawn in the colour that a quarter has in the range of both. */
static void test_heatmaps(void)
{
    char dir[256];
    folder_make(dir);
    Figures *figures = figures_open(dir);
    const double split[] = {1, 1, 0, 0};
    const double even[] = {0.25, 0.25, 0.25, 0.25};
    const real point[] = {0.5f, 1.5f}, step[] = {0.5f, 0.25f};
    const FigurePanel panel[] = {{"true", split, point, step, 1}, {"model", even, point, NULL, 1}};
    const FigureHeatmaps maps = {
        .panel = panel, .panels = 2, .nx = 2, .ny = 2, .x = {0, 2}, .y = {0, 2}};
    CU_ASSERT_TRUE(figure_heatmaps(figures, &(FigureText){.name = "maps", .title = "Maps"}, &maps));
    size_t bytes = 0;
    char *data = text_read(dir, "maps.bin", &bytes);
    const float stored[] = {1,     1,    0,    0,    0.25f, 0.25f, 0.25f,
                            0.25f, 0.5f, 1.5f, 0.5f, 0.25f, 0.5f,  1.5f};
    CU_ASSERT_EQUAL_FATAL(bytes, sizeof stored);
    CU_ASSERT_EQUAL(memcmp(data, stored, sizeof stored), 0);
    free(data);
    Picture picture = picture_read(dir, "maps.png");
    Spot one = picture_spot(&picture, 0xfd, 0xe7, 0x25);
    Spot zero = picture_spot(&picture, 0x44, 0x01, 0x54);
    Spot quarter = picture_spot(&picture, 0x3b, 0x52, 0x8b);
    CU_ASSERT(one.count > 340 * 160);
    CU_ASSERT(one.y > zero.y + 100); /* rows of a picture go down */
    CU_ASSERT(quarter.count > 335 * 335);
    CU_ASSERT(quarter.x > one.x + 300);
    CU_ASSERT(text_holds(dir, "maps.gp", "with vectors"));
    CU_ASSERT(text_holds(dir, "maps.gp", "set xtics 1\nset ytics 1\n")); /* cells of width 1 */
    free(picture.rgb);
    figures_close(figures);
    folder_remove(dir);
}

static void test_bars(void)
{
    char dir[256];
    folder_make(dir);
    Figures *figures = figures_open(dir);
    const FigureBar bar[] = {{"vae", -90.5, 0.5}, {"gan", NAN, NAN}, {"ddpm, tiny", -85, 0}};
    CU_ASSERT_TRUE(
        figure_bars(figures, &(FigureText){.name = "bars"}, &(FigureBars){.bar = bar, .bars = 3}));
    CU_ASSERT(text_holds(dir, "bars.gp", "labels offset 0, -0.6")); /* numbers below the bars */
    CU_ASSERT(!text_holds(dir, "bars.gp", "labels offset 0, 0.6"));
    CU_ASSERT(text_holds(dir, "bars.csv",
                         "0,-90.5,0.5,\"vae\"\n1,NaN,0,\"gan\"\n2,-85,0,\"ddpm, tiny\"\n"));
    CU_ASSERT(picture_has_size(dir, "bars.png", WIDE, LOW));
    const FigureBar token[] = {{"'s", 0.5, 0}, {"''", 0.25, 0}, {"%'", 0.125, 0}};
    CU_ASSERT_TRUE(figure_bars(figures, &(FigureText){.name = "tokens", .title = "'tis"},
                               &(FigureBars){.bar = token, .bars = 3}));
    CU_ASSERT(text_holds(dir, "tokens.gp", "(\"'\".'s' 0, \"''\".'' 1, '%%''' 2)\n"));
    CU_ASSERT(text_holds(dir, "tokens.gp", "labels offset 0, 0.6"));
    CU_ASSERT(picture_has_size(dir, "tokens.png", WIDE, LOW));
    figures_close(figures);
    folder_remove(dir);
}

static void test_histogram(void)
{
    char dir[256];
    folder_make(dir);
    Figures *figures = figures_open(dir);
    const double value[] = {0, 0.5, 1.5, 1.9, 4, NAN, INFINITY, 9};
    const FigureSample sample = {"all", value, 8};
    CU_ASSERT_TRUE(figure_histogram(
        figures, &(FigureText){.name = "hist"},
        &(FigureHistogram){.sample = &sample, .samples = 1, .bins = 2, .x_range = {0, 4}}));
    /* Of 6 finite values 4 lie in [0, 2), 1 in [2, 4]; the bins are 2 wide. */
    CU_ASSERT(text_holds(dir, "hist.csv", "bin centre,\"all\"\n1,0.3333333333\n3,0.08333333333\n"));
    CU_ASSERT(picture_has_size(dir, "hist.png", WIDE, LOW));
    figures_close(figures);
    folder_remove(dir);
}

static void test_arrows(void)
{
    char dir[256];
    folder_make(dir);
    Figures *figures = figures_open(dir);
    const real at[] = {0, 0, 1, 1};
    const real step[] = {3, 4, 0, 0};
    CU_ASSERT_TRUE(
        figure_arrows(figures, &(FigureText){.name = "field"},
                      &(FigureArrows){.at = at, .step = step, .n = 2, .point = at, .points = 2}));
    CU_ASSERT(text_holds(dir, "field.csv",
                         "kind,x,y,dx,dy\n0,0,0,0,0\n0,1,1,0,0\n1,0,0,3,4\n1,1,1,0,0\n"));
    CU_ASSERT(text_holds(dir, "field.gp", "set cbrange [0:5]\n"));
    CU_ASSERT(picture_has_size(dir, "field.png", SQUARE_WIDE, SQUARE_LOW));
    figures_close(figures);
    folder_remove(dir);
}

static void draw_nothing(void *context)
{
    Figures *figures = figures_open(context);
    const double nan[] = {NAN, INFINITY, 1e300, -INFINITY};
    const real none[] = {(real)NAN, (real)NAN, 1, (real)INFINITY};
    const FigureCurve curve = {.label = "a", .y = nan, .low = nan, .high = nan};
    const FigureScatter scatter = {
        .point = none, .n = 2, .group = (const int[]){0, 0}, .groups = 1};
    const FigurePanel panel = {"p", nan, none, NULL, 2};
    const FigureBar bar = {"b", NAN, NAN};
    const FigureSample sample = {"s", nan, 4};
    const FigureText text[] = {{.name = "n0"}, {.name = "n1"}, {.name = "n2"}, {.name = "n3"},
                               {.name = "n4"}, {.name = "n5"}, {.name = "n6"}, {.name = "n7"},
                               {.name = "n8"}, {.name = "n9"}};
    int drawn = 0;
    drawn += figure_lines(figures, &text[0], &(FigureLines){.n = 4, .curve = &curve, .curves = 1});
    drawn += figure_lines(figures, &text[1], &(FigureLines){.log_x = true, .log_y = true});
    drawn += figure_scatter(figures, &text[2], &scatter);
    drawn += figure_scatter(figures, &text[3], &(FigureScatter){0});
    drawn += figure_scatter_gif(figures, &text[4], &scatter, 1, NULL, 0);
    drawn += figure_heatmaps(
        figures, &text[5],
        &(FigureHeatmaps){
            .panel = &panel, .panels = 1, .nx = 2, .ny = 2, .x = {0, 1}, .y = {0, 1}});
    drawn += figure_bars(figures, &text[6], &(FigureBars){.bar = &bar, .bars = 1});
    drawn += figure_bars(figures, &text[7], &(FigureBars){0});
    drawn +=
        figure_histogram(figures, &text[8], &(FigureHistogram){.sample = &sample, .samples = 1});
    drawn += figure_arrows(figures, &text[9], &(FigureArrows){.at = none, .step = none, .n = 2});
    printf("drawn: %d\n", drawn);
    figures_close(figures);
}

static void test_nothing_to_show(void)
{
    char dir[256];
    folder_make(dir);
    ChildResult result = child_run(draw_nothing, dir);
    CU_ASSERT(child_said(&result, 0, "drawn: 10\n"));
    CU_ASSERT_EQUAL(times_in(result.text, "warning: "), 10);
    CU_ASSERT_EQUAL(times_in(result.text, "no finite value to show"), 10);
    folder_remove(dir);
}

static void draw_constant(void *context)
{
    Figures *figures = figures_open(context);
    const double same[] = {-1e-8, -1e-8, -1e-8, -1e-8};
    const double huge[] = {1e120, -1e120, 0, 1e-120};
    const real zero[] = {0, 0, 0, 0};
    const FigureCurve curve[] = {{.y = same}, {.y = huge}};
    const FigurePanel panel = {"p", same, NULL, NULL, 0};
    const FigureBar bar = {"b", 0, 0};
    const FigureSample sample = {"s", same, 4};
    int drawn = 0;
    drawn += figure_lines(figures, &(FigureText){.name = "c0"},
                          &(FigureLines){.n = 1, .curve = curve, .curves = 1});
    drawn += figure_lines(figures, &(FigureText){.name = "c1"},
                          &(FigureLines){.n = 4, .curve = curve + 1, .curves = 1, .log_y = true});
    drawn +=
        figure_scatter(figures, &(FigureText){.name = "c2"},
                       &(FigureScatter){.point = zero, .n = 2, .value = same, .equal_axes = true});
    drawn += figure_heatmaps(
        figures, &(FigureText){.name = "c3"},
        &(FigureHeatmaps){
            .panel = &panel, .panels = 1, .nx = 2, .ny = 2, .x = {0, 1}, .y = {0, 1}});
    drawn +=
        figure_bars(figures, &(FigureText){.name = "c4"}, &(FigureBars){.bar = &bar, .bars = 1});
    drawn += figure_histogram(figures, &(FigureText){.name = "c5"},
                              &(FigureHistogram){.sample = &sample, .samples = 1});
    drawn += figure_arrows(figures, &(FigureText){.name = "c6"},
                           &(FigureArrows){.at = zero, .step = zero, .n = 2});
    drawn += figure_images(figures, &(FigureText){.name = "c7"},
                           &(FigureImages){.pixel = zero,
                                           .n = 0,
                                           .height = 2,
                                           .width = 2,
                                           .channels = 1,
                                           .rows = 1,
                                           .columns = 1});
    printf("drawn: %d\n", drawn);
    figures_close(figures);
}

static void test_constant(void)
{
    char dir[256];
    folder_make(dir);
    ChildResult result = child_run(draw_constant, dir);
    CU_ASSERT(child_said(&result, 0, "drawn: 8\n"));
    CU_ASSERT_EQUAL(times_in(result.text, "warning"), 0);
    folder_remove(dir);
}

const Suite suite = {"plot/figure",
                     {{"plots/style.gp is the style of the scripts", test_style_file},
                      {"curves with gaps, bands, levels", test_lines},
                      {"curves over places with names", test_named_places},
                      {"a script drawn again gives its picture", test_redraw},
                      {"texts are neither commands nor markup", test_hostile_texts},
                      {"points by group and by value", test_scatter},
                      {"a group that is not there is a mistake", test_wrong_group},
                      {"images stand upright, in whole pixels", test_images_upright},
                      {"images with and without gnuplot are the same", test_same_pixels},
                      {"animated images", test_images_gif},
                      {"animated points on the same axes", test_scatter_gif},
                      {"density maps share their colours", test_heatmaps},
                      {"bars", test_bars},
                      {"histogram counts", test_histogram},
                      {"arrows", test_arrows},
                      {"nothing finite: an empty frame and a warning", test_nothing_to_show},
                      {"constant and extreme data are drawn", test_constant},
                      {NULL, NULL}}};
