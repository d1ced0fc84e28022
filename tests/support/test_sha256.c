#include "harness/suite.h"
#include "support/sha256.h"

#include <string.h>

static bool sum_is(const char *message, const char *wanted)
{
    char sum[65];
    Sha256 sha = sha256_begin();
    sha256_add(&sha, message, strlen(message));
    sha256_end(&sha, sum);
    return strcmp(sum, wanted) == 0;
}

/* Source: NIST, "Examples with intermediate values", SHA-256 (one block, two blocks), and the empty
 * text. */
static void test_published(void)
{
    CU_ASSERT(sum_is("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    CU_ASSERT(sum_is("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    CU_ASSERT(sum_is("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"));
}

static void test_million(void)
{
    char block[1000];
    char sum[65];
    memset(block, 'a', sizeof block);
    Sha256 sha = sha256_begin();
    for (int i = 0; i < 1000; i++)
        sha256_add(&sha, block, sizeof block);
    sha256_end(&sha, sum);
    CU_ASSERT_STRING_EQUAL(sum, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* The sum must not depend on the pieces; the lengths cross every edge of the padding. */
static void test_pieces(void)
{
    char message[200];
    for (size_t i = 0; i < sizeof message; i++)
        message[i] = (char)(i * 7 + 1);
    int different = 0;
    for (size_t length = 0; length <= sizeof message; length++) {
        char whole[65], pieces[65];
        Sha256 sha = sha256_begin();
        sha256_add(&sha, message, length);
        sha256_end(&sha, whole);
        sha = sha256_begin();
        for (size_t done = 0, piece = 1; done < length; done += piece, piece = piece % 13 + 1)
            sha256_add(&sha, message + done, piece < length - done ? piece : length - done);
        sha256_end(&sha, pieces);
        different += strcmp(whole, pieces) != 0;
    }
    CU_ASSERT_EQUAL(different, 0);
}

const Suite suite = {"support/sha256",
                     {{"published sums", test_published},
                      {"a million letters", test_million},
                      {"any pieces", test_pieces},
                      {NULL, NULL}}};
