#include "harness/suite.h"
#include "support/utf8.h"

#include <string.h>

static bool valid(const char *text)
{
    return utf8_valid(text, strlen(text));
}

/* The first and the last code point of every length. */
static void test_valid(void)
{
    CU_ASSERT(valid(""));
    CU_ASSERT(valid("plain"));
    CU_ASSERT(valid("\xc2\x80 \xdf\xbf"));
    CU_ASSERT(valid("\xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbf"));
    CU_ASSERT(valid("\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf"));
    CU_ASSERT(utf8_valid("a\0b", 3));
}

static void test_invalid(void)
{
    static const char *const wrong[] = {
        "\x80",             /* a second byte first             */
        "\xc1\xbf",         /* overlong                        */
        "\xe0\x9f\xbf",     /* overlong                        */
        "\xf0\x8f\xbf\xbf", /* overlong                        */
        "\xed\xa0\x80",     /* a surrogate                     */
        "\xf4\x90\x80\x80", /* above U+10FFFF                  */
        "\xf5\x80\x80\x80", /* the same                        */
        "\xe2\x82",         /* cut                             */
        "\xe2\x82z",        /* the third byte is a letter      */
        "\xc3z",            /* the second byte is a letter     */
        "\xff",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        CU_ASSERT_FALSE(valid(wrong[i]));
}

const Suite suite = {
    "support/utf8", {{"well-formed", test_valid}, {"not well-formed", test_invalid}, {NULL, NULL}}};
