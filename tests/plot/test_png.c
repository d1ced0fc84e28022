#include "harness/suite.h"
#include "plot/pictures.h"
#include "plot/png.h"

static void test_grey(void)
{
    char dir[256], path[300];
    folder_make(dir);
    snprintf(path, sizeof path, "%s/grey.png", dir);
    const uint8_t pixels[] = {0, 1, 127, 128, 254, 255};
    CU_ASSERT_PTR_NULL(png_write_grey(path, 3, 2, pixels));
    Picture picture = picture_read(dir, "grey.png");
    CU_ASSERT_EQUAL_FATAL(picture.width, 3);
    CU_ASSERT_EQUAL_FATAL(picture.height, 2);
    for (int i = 0; i < 18; i++)
        CU_ASSERT_EQUAL(picture.rgb[i], pixels[i / 3]);
    free(picture.rgb);
    folder_remove(dir);
}

static void test_rgb(void)
{
    char dir[256], path[300];
    folder_make(dir);
    snprintf(path, sizeof path, "%s/rgb.png", dir);
    uint8_t pixels[5 * 7 * 3];
    for (int i = 0; i < 5 * 7 * 3; i++)
        pixels[i] = (uint8_t)(i * 97);
    CU_ASSERT_PTR_NULL(png_write_rgb(path, 5, 7, pixels));
    Picture picture = picture_read(dir, "rgb.png");
    CU_ASSERT_EQUAL_FATAL(picture.width, 5);
    CU_ASSERT_EQUAL_FATAL(picture.height, 7);
    CU_ASSERT_EQUAL(memcmp(picture.rgb, pixels, sizeof pixels), 0);
    free(picture.rgb);
    folder_remove(dir);
}

static void test_no_folder(void)
{
    char dir[256], path[300];
    folder_make(dir);
    snprintf(path, sizeof path, "%s/missing/a.png", dir);
    CU_ASSERT_PTR_NOT_NULL(png_write_grey(path, 1, 1, (const uint8_t[]){0}));
    CU_ASSERT_FALSE(is_there(dir, "missing"));
    folder_remove(dir);
}

static void write_nothing(void *context)
{
    png_write_grey(context, 0, 3, NULL);
}

static void test_no_pixels(void)
{
    char path[] = "empty.png";
    ChildResult result = child_run(write_nothing, path);
    CU_ASSERT(child_said(&result, 128 + 6, "'empty.png' would be 0 x 3 pixels"));
}

const Suite suite = {"plot/png",
                     {{"grey levels come back", test_grey},
                      {"colours come back", test_rgb},
                      {"a folder that is not there is a reason", test_no_folder},
                      {"a picture without pixels is a mistake", test_no_pixels},
                      {NULL, NULL}}};
