/* The grammar: its probabilities sum to 1 and give its entropy, and it draws what it says. The sums
 * are exact. Every sentence is a pattern of word classes filled with words that are drawn by
 * themselves, so that patterns alone are enumerated, each with the first word of every class, and
 * what is known of the words of a class is measured through the parser. */
#include "data/grammar.h"
#include "data/text.h"
#include "harness/suite.h"
#include "support/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double log_prob(const char *sentence)
{
    return grammar_log_prob(sentence, strlen(sentence));
}

/* ---------------------------------------------------------------- words */

enum { DET, NOUN, ADJ, VT, VI, CLASSES, MOST = 8 };

static const char *const WORDS[CLASSES][2][MOST] = {
    {{"a", "this", "every", "one"}, {"some", "these", "many", "two"}},
    {{"dog", "girl", "cat", "boy", "teacher", "friend", "bird", "king"},
     {"dogs", "girls", "cats", "boys", "teachers", "friends", "birds", "kings"}},
    {{"small", "young", "happy", "quiet", "brave", "tired"},
     {"small", "young", "happy", "quiet", "brave", "tired"}},
    {{"sees", "likes", "knows", "follows", "hears", "helps"},
     {"see", "like", "know", "follow", "hear", "help"}},
    {{"sleeps", "runs", "laughs", "waits"}, {"sleep", "run", "laugh", "wait"}},
};

/* A sentence in which the class stands, and where. */
typedef struct Frame {
    int pattern[6]; /* CLASSES at the end */
    int place;
} Frame;

static const Frame FRAMES[CLASSES] = {
    {{DET, NOUN, VI, CLASSES}, 0},      {{DET, NOUN, VI, CLASSES}, 1},
    {{DET, ADJ, NOUN, VI, CLASSES}, 1}, {{DET, NOUN, VT, DET, NOUN, CLASSES}, 2},
    {{DET, NOUN, VI, CLASSES}, 2},
};

/* Of a class: the first word's log probability in it, and its entropy. */
typedef struct Measured {
    double log_first, entropy;
} Measured;

static Measured measure(int class, int number)
{
    double p[MOST], sum = 0, entropy = 0;
    int n = 0;
    for (; n < MOST && WORDS[class][number][n] != NULL; n++) {
        char sentence[GRAMMAR_BYTES] = "";
        for (int i = 0; FRAMES[class].pattern[i] != CLASSES; i++) {
            strcat(sentence, i > 0 ? " " : "");
            strcat(sentence,
                   WORDS[FRAMES[class].pattern[i]][number][i == FRAMES[class].place ? n : 0]);
        }
        p[n] = exp(log_prob(sentence));
        sum += p[n];
    }
    for (int i = 0; i < n; i++)
        entropy -= p[i] / sum * log(p[i] / sum);
    return (Measured){log(p[0] / sum), entropy};
}

/* ---------------------------------------------------------------- patterns */

/* A phrase of first words; log_words: their log probability in their classes; entropy: that of all
 * choices of its words. */
typedef struct Phrase {
    char text[GRAMMAR_BYTES];
    double log_words, entropy;
    int words;
} Phrase;

enum { ROOM = 800 };

typedef struct Phrases {
    Measured class[CLASSES][2];
    Phrase *noun[2]; /* by number: the noun phrases of one depth */
    size_t nouns;    /* as many of each number                   */
} Phrases;

static void append(Phrase *phrase, const char *text)
{
    strcat(strcat(phrase->text, phrase->text[0] != '\0' ? " " : ""), text);
}

static void append_class(Phrase *phrase, const Phrases *all, int class, int number)
{
    append(phrase, WORDS[class][number][0]);
    phrase->log_words += all->class[class][number].log_first;
    phrase->entropy += all->class[class][number].entropy;
    phrase->words++;
}

static void append_phrase(Phrase *phrase, const Phrase *part)
{
    append(phrase, part->text);
    phrase->log_words += part->log_words;
    phrase->entropy += part->entropy;
    phrase->words += part->words;
}

/* Det N that */
static Phrase *begin_clause(Phrase *phrase, const Phrases *all, int number)
{
    append_class(phrase, all, DET, number);
    append_class(phrase, all, NOUN, number);
    append(phrase, "that");
    phrase->words++;
    return phrase;
}

/* The noun phrases one depth above those that are there. */
static void go_up(Phrases *all, bool deepest)
{
    Phrase *made[2];
    size_t n = 0;
    for (int number = 0; number < 2; number++) {
        Phrase *next = made[number] = memory_new(ROOM, sizeof *made[number]);
        append_class(next, all, DET, number);
        append_class(next++, all, NOUN, number);
        append_class(next, all, DET, number);
        append_class(next, all, ADJ, number);
        append_class(next++, all, NOUN, number);
        if (!deepest)
            append_class(begin_clause(next++, all, number), all, VI, number);
        for (int other = 0; !deepest && other < 2; other++)
            for (size_t i = 0; i < all->nouns; i++) {
                append_class(begin_clause(next, all, number), all, VT, number);
                append_phrase(next++, &all->noun[other][i]);
                append_phrase(begin_clause(next, all, number), &all->noun[other][i]);
                append_class(next++, all, VT, other);
            }
        n = (size_t)(next - made[number]);
    }
    for (int number = 0; number < 2; number++) {
        free(all->noun[number]);
        all->noun[number] = made[number];
    }
    all->nouns = n;
}

/* The probability of a pattern, from the sentence of its first words. */
static double pattern_prob(const Phrase *noun, const Phrase *verb)
{
    char sentence[2 * GRAMMAR_BYTES];
    snprintf(sentence, sizeof sentence, "%s %s", noun->text, verb->text);
    return exp(log_prob(sentence) - noun->log_words - verb->log_words);
}

static void make_verb_phrase(const Phrases *all, int number, size_t i, Phrase *verb)
{
    memset(verb, 0, sizeof *verb);
    append_class(verb, all, i == 0 ? VI : VT, number);
    if (i > 0)
        append_phrase(verb, &all->noun[(i - 1) % 2][(i - 1) / 2]);
}

/* What an enumeration adds up. */
typedef struct Totals {
    double probability, entropy, words;
} Totals;

/* Subjects of a number: first their share with one verb phrase, which makes the sum over all verb
 * phrases a factor. */
static void add_sentences(const Phrases *all, int number, Totals *totals)
{
    Phrase first, verb;
    double verbs = 0, verb_plogp = 0, verb_entropy = 0, verb_words = 0, share = 0;
    make_verb_phrase(all, number, 0, &first);
    double one = pattern_prob(&all->noun[number][0], &first);
    for (size_t i = 0; i < 1 + 2 * all->nouns; i++) {
        make_verb_phrase(all, number, i, &verb);
        double ratio = pattern_prob(&all->noun[number][0], &verb) / one;
        verbs += ratio;
        verb_plogp += ratio * log(ratio);
        verb_entropy += ratio * verb.entropy;
        verb_words += ratio * verb.words;
    }
    for (size_t i = 0; i < all->nouns; i++) {
        const Phrase *noun = &all->noun[number][i];
        double p = pattern_prob(noun, &first) * verbs;
        share += p;
        totals->entropy += p * (noun->entropy - log(p));
        totals->words += p * noun->words;
    }
    totals->probability += share;
    totals->entropy += share * (log(verbs) + (verb_entropy - verb_plogp) / verbs);
    totals->words += share * verb_words / verbs;
}

static void check_factors(const Phrases *all, int number)
{
    Phrase verb[2];
    for (size_t i = 1; i < all->nouns; i += 7) {
        make_verb_phrase(all, number, 0, &verb[0]);
        make_verb_phrase(all, number, 1 + 2 * all->nouns - i, &verb[1]);
        const Phrase *noun = all->noun[number];
        double across = pattern_prob(&noun[0], &verb[1]) * pattern_prob(&noun[i], &verb[0]);
        double along = pattern_prob(&noun[0], &verb[0]) * pattern_prob(&noun[i], &verb[1]);
        CU_ASSERT(along > 0 && fabs(across / along - 1) < 1e-12);
    }
}

static void test_sums_over_all_sentences(void)
{
    Phrases all = {.nouns = 0};
    Totals totals = {0, 0, 0};
    for (int class = 0; class < CLASSES; class ++)
        for (int number = 0; number < 2; number++)
            all.class[class][number] = measure(class, number);
    for (int depth = GRAMMAR_DEPTH; depth >= 0; depth--)
        go_up(&all, depth == GRAMMAR_DEPTH);
    CU_ASSERT_EQUAL(all.nouns, 767);
    for (int number = 0; number < 2; number++) {
        check_factors(&all, number);
        add_sentences(&all, number, &totals);
    }
    free(all.noun[0]);
    free(all.noun[1]);
    CU_ASSERT_DOUBLE_EQUAL(totals.probability, 1, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(totals.entropy, grammar_entropy(), 1e-10);
    CU_ASSERT_DOUBLE_EQUAL(totals.words + 1, grammar_words(), 1e-10);
    CU_ASSERT(grammar_words() > 6 && grammar_words() < 11);
}

/* ---------------------------------------------------------------- reading */

/* By hand: number, determiner, rule, noun, rule, verb. */
static void test_known_sentences(void)
{
    const double subject = 0.6 * 0.4 * 0.25, object = 0.4 * 0.35 * 0.65 * 0.15; /* some cats */
    const struct {
        const char *text;
        double probability;
    } known[] = {
        {"a dog sleeps", subject * 0.42 * 0.4 * 0.4},
        {"a dog sleeps\n", subject * 0.42 * 0.4 * 0.4},
        {"a tired dog waits", subject * 0.23 * 0.05 * 0.4 * 0.1},
        {"a dog sees some cats", subject * 0.42 * 0.6 * 0.3 * object / 0.65 * 0.42},
        {"a dog that sleeps runs", subject * 0.2 * 0.4 * 0.4 * 0.4 * 0.3},
        {"a dog that some cats see runs",
         subject * 0.15 * (object / 0.65 * 0.42) * 0.3 * 0.4 * 0.3},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        CU_ASSERT_DOUBLE_EQUAL(log_prob(known[i].text), log(known[i].probability), 1e-12);
}

static void test_no_sentences(void)
{
    static const char *const wrong[] = {
        "",
        "\n",
        " ",
        "a",
        "a dog",
        "dog sleeps",
        "a dog sleep",
        "some dogs sleeps",
        "a dogs sleep",
        "a dog sleeps sleeps",
        "a dog sleeps ",
        " a dog sleeps",
        "a  dog sleeps",
        "a dog sleeps\n\n",
        "a dog\nsleeps",
        "A dog sleeps",
        "a dog sleepsy",
        "a dog slee",
        "a dog sees",
        "a dog sleeps a cat",
        "a small dog that sleeps runs",
        "a small happy dog sleeps",
        "a dog that sleeps",
        "a dog that sleep runs",
        "a dog that some cats sees runs",
        "a dog that some cats sleep runs",
        "a dog that that sleeps runs",
        "a dog that sleeps that runs waits",
        "a dog sees a cat that",
        "a dog, sleeps",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        bool refused = log_prob(wrong[i]) == -INFINITY;
        if (!refused)
            printf("    '%s' is read as a sentence\n", wrong[i]);
        CU_ASSERT(refused);
    }
}

/* Clauses in clauses: down to the depth and no further. The longest sentence of all. */
static void test_depth(void)
{
    for (int clauses = 0; clauses <= GRAMMAR_DEPTH + 1; clauses++) {
        char phrase[GRAMMAR_BYTES] = "", sentence[2 * GRAMMAR_BYTES];
        for (int i = 0; i < clauses; i++)
            strcat(phrase, "a teacher that follows ");
        strcat(phrase, "some quiet teachers");
        snprintf(sentence, sizeof sentence, "%s %s %s", phrase, clauses > 0 ? "follows" : "follow",
                 phrase);
        CU_ASSERT_EQUAL(isfinite(log_prob(sentence)), clauses <= GRAMMAR_DEPTH);
        int words = 1;
        for (const char *at = sentence; *at != '\0'; at++)
            words += *at == ' ';
        if (clauses == GRAMMAR_DEPTH)
            CU_ASSERT(words + 1 == GRAMMAR_LONGEST && strlen(sentence) + 1 < GRAMMAR_BYTES);
    }
}

/* ---------------------------------------------------------------- drawing */

static double count_line(const Text *text, const char *line)
{
    size_t length = strlen(line), lines = 0;
    for (const char *at = text->byte; at < text->byte + text->bytes;) {
        const char *end = memchr(at, '\n', (size_t)(text->byte + text->bytes - at));
        lines += (size_t)(end - at) == length && memcmp(at, line, length) == 0;
        at = end + 1;
    }
    return (double)lines;
}

/* Means of -log p and of the length, and the counts of some sentences, each within 5 standard
 * deviations: false alarms of all six together below 1e-5. The seed is fixed. */
static void test_examples(void)
{
    static const char *const lines[] = {"a dog sleeps", "some dogs sleep", "this girl runs",
                                        "a small dog sleeps"};
    Dataset *dataset = dataset_load("grammar");
    const Text *text = dataset->text;
    Tokens *tokens = tokens_create(text->suits, 0, text->byte, text->bytes, 0, "grammar");
    double n = 60000, mean = 0, square = 0, words = 0, words_square = 0;
    bool right = true;
    text_cut(dataset, tokens, 0);
    CU_ASSERT(dataset->count[0] == 50000 && dataset->count[1] == 5000 && dataset->count[2] == 5000);
    CU_ASSERT_EQUAL(tokens->kind, TOKENS_WORDS);
    CU_ASSERT_EQUAL(tokens->count, 52);
    CU_ASSERT(dataset->dims <= GRAMMAR_LONGEST + 1);
    CU_ASSERT_DOUBLE_EQUAL(dataset->entropy, grammar_entropy(), 0);
    for (size_t i = 0, at = 0; i < 60000; i++) {
        char *line = tokens_decode(tokens, text->token + text->begin[i],
                                   text->begin[i + 1] - text->begin[i]);
        double length = (double)(text->begin[i + 1] - text->begin[i]);
        right = right && memcmp(line, text->byte + at, strlen(line)) == 0 &&
                text->log_prob[i] == log_prob(line) && isfinite(text->log_prob[i]);
        at += strlen(line);
        mean -= text->log_prob[i] / n;
        square += text->log_prob[i] * text->log_prob[i] / n;
        words += length / n;
        words_square += length * length / n;
        free(line);
    }
    CU_ASSERT(right);
    CU_ASSERT(fabs(mean - grammar_entropy()) < 5 * sqrt((square - mean * mean) / n));
    CU_ASSERT(fabs(words - grammar_words()) < 5 * sqrt((words_square - words * words) / n));
    for (size_t i = 0; i < 4; i++) {
        double p = exp(log_prob(lines[i]));
        CU_ASSERT(fabs(count_line(text, lines[i]) - n * p) < 5 * sqrt(n * p));
    }
    dataset_free(dataset);
}

const Suite suite = {"data/grammar",
                     {{"sums over all sentences", test_sums_over_all_sentences},
                      {"known sentences", test_known_sentences},
                      {"no sentences", test_no_sentences},
                      {"depth", test_depth},
                      {"examples", test_examples},
                      {NULL, NULL}}};
