#include "data/grammar.h"

#include "data/sources.h"
#include "data/text.h"
#include "prob/categorical.h"
#include "support/fail.h"
#include "support/memory.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { TRAIN = 50000, VALIDATION = 5000, TEST = 5000, MOST_WORDS = 8 };

typedef enum Class {
    DETERMINER,
    NOUN,
    ADJECTIVE,
    TRANSITIVE,
    INTRANSITIVE,
    RELATIVE,
    CLASSES
} Class;

typedef enum Number { SINGULAR, PLURAL, NUMBERS } Number;

typedef struct Word {
    const char *text; /* NULL behind the last of a class */
    double probability;
} Word;

/* Nouns and adjectives begin with a consonant, for the sake of "a". */
static const Word WORDS[CLASSES][NUMBERS][MOST_WORDS + 1] = {
    [DETERMINER] = {{{"a", 0.4}, {"this", 0.3}, {"every", 0.2}, {"one", 0.1}},
                    {{"some", 0.35}, {"these", 0.3}, {"many", 0.2}, {"two", 0.15}}},
    [NOUN] = {{{"dog", 0.25},
               {"girl", 0.2},
               {"cat", 0.15},
               {"boy", 0.12},
               {"teacher", 0.1},
               {"friend", 0.08},
               {"bird", 0.06},
               {"king", 0.04}},
              {{"dogs", 0.25},
               {"girls", 0.2},
               {"cats", 0.15},
               {"boys", 0.12},
               {"teachers", 0.1},
               {"friends", 0.08},
               {"birds", 0.06},
               {"kings", 0.04}}},
    [ADJECTIVE] = {{{"small", 0.3},
                    {"young", 0.25},
                    {"happy", 0.2},
                    {"quiet", 0.12},
                    {"brave", 0.08},
                    {"tired", 0.05}},
                   {{"small", 0.3},
                    {"young", 0.25},
                    {"happy", 0.2},
                    {"quiet", 0.12},
                    {"brave", 0.08},
                    {"tired", 0.05}}},
    [TRANSITIVE] = {{{"sees", 0.3},
                     {"likes", 0.25},
                     {"knows", 0.2},
                     {"follows", 0.12},
                     {"hears", 0.08},
                     {"helps", 0.05}},
                    {{"see", 0.3},
                     {"like", 0.25},
                     {"know", 0.2},
                     {"follow", 0.12},
                     {"hear", 0.08},
                     {"help", 0.05}}},
    [INTRANSITIVE] = {{{"sleeps", 0.4}, {"runs", 0.3}, {"laughs", 0.2}, {"waits", 0.1}},
                      {{"sleep", 0.4}, {"run", 0.3}, {"laugh", 0.2}, {"wait", 0.1}}},
    [RELATIVE] = {{{"that", 1}}, {{"that", 1}}},
};

static const double NUMBER[NUMBERS] = {0.6, 0.4};

typedef enum NounPhrase { PLAIN, WITH_ADJECTIVE, OF_SUBJECT, OF_OBJECT, NOUN_PHRASES } NounPhrase;

/* Above the greatest depth, and there. */
static const double NOUN_PHRASE[2][NOUN_PHRASES] = {{0.42, 0.23, 0.2, 0.15}, {0.65, 0.35, 0, 0}};

typedef enum VerbPhrase { WITHOUT_OBJECT, WITH_OBJECT, VERB_PHRASES } VerbPhrase;

static const double VERB_PHRASE[VERB_PHRASES] = {0.4, 0.6};

static const double *noun_phrase(int depth)
{
    return NOUN_PHRASE[depth == GRAMMAR_DEPTH];
}

/* ---------------------------------------------------------------- drawing */

typedef struct Writer {
    char *text;
    size_t bytes;
    Rng *rng;
} Writer;

static int draw_one(Rng *rng, const double *probability, int n)
{
    double u = rng_uniform_one(rng);
    int i = 0;
    while (i + 1 < n && u >= probability[i])
        u -= probability[i++];
    return i;
}

static void draw_word(Writer *writer, Class class, Number number)
{
    const Word *word = WORDS[class][number];
    double u = rng_uniform_one(writer->rng);
    while (word[1].text != NULL && u >= word->probability)
        u -= (word++)->probability;
    size_t length = strlen(word->text);
    if (writer->bytes + length + 1 > GRAMMAR_BYTES)
        fail("grammar: a sentence of more than %d bytes", GRAMMAR_BYTES);
    memcpy(writer->text + writer->bytes, word->text, length);
    writer->bytes += length;
    writer->text[writer->bytes++] = ' ';
}

static void draw_verb_phrase(Writer *writer, int depth, Number number);

static Number draw_noun_phrase(Writer *writer, int depth)
{
    Number number = (Number)draw_one(writer->rng, NUMBER, NUMBERS);
    NounPhrase rule = (NounPhrase)draw_one(writer->rng, noun_phrase(depth), NOUN_PHRASES);
    draw_word(writer, DETERMINER, number);
    if (rule == WITH_ADJECTIVE)
        draw_word(writer, ADJECTIVE, number);
    draw_word(writer, NOUN, number);
    if (rule == OF_SUBJECT || rule == OF_OBJECT)
        draw_word(writer, RELATIVE, number);
    if (rule == OF_SUBJECT)
        draw_verb_phrase(writer, depth + 1, number);
    if (rule == OF_OBJECT)
        draw_word(writer, TRANSITIVE, draw_noun_phrase(writer, depth + 1));
    return number;
}

static void draw_verb_phrase(Writer *writer, int depth, Number number)
{
    if (draw_one(writer->rng, VERB_PHRASE, VERB_PHRASES) == WITHOUT_OBJECT) {
        draw_word(writer, INTRANSITIVE, number);
        return;
    }
    draw_word(writer, TRANSITIVE, number);
    draw_noun_phrase(writer, depth);
}

size_t grammar_draw(Rng *rng, char text[GRAMMAR_BYTES])
{
    Writer writer = {text, 0, rng};
    draw_verb_phrase(&writer, 0, draw_noun_phrase(&writer, 0));
    text[writer.bytes - 1] = '\n'; /* instead of the last blank */
    return writer.bytes;
}

/* ---------------------------------------------------------------- reading */

typedef struct Reader {
    const char *text;
    size_t bytes, at; /* at: where the next word begins; bytes + 1 behind the last */
    double log_prob;
} Reader;

/* The probability of the next word in a class, 0 where it is none of it; its length. */
static double next_in(const Reader *reader, Class class, Number number, size_t *length)
{
    size_t left = reader->at < reader->bytes ? reader->bytes - reader->at : 0;
    for (const Word *word = WORDS[class][number]; word->text != NULL; word++) {
        *length = strlen(word->text);
        if (*length <= left && memcmp(reader->text + reader->at, word->text, *length) == 0 &&
            (*length == left || reader->text[reader->at + *length] == ' '))
            return word->probability;
    }
    return 0;
}

static bool read_word(Reader *reader, Class class, Number number)
{
    size_t length;
    double probability = next_in(reader, class, number, &length);
    if (probability == 0)
        return false;
    reader->at += length + 1;
    reader->log_prob += log(probability);
    return true;
}

static bool read_clause(Reader *reader, int depth, Number number);

static bool read_noun_phrase(Reader *reader, int depth, Number *number)
{
    const double *rule = noun_phrase(depth);
    *number = read_word(reader, DETERMINER, SINGULAR) ? SINGULAR : PLURAL;
    if (*number == PLURAL && !read_word(reader, DETERMINER, PLURAL))
        return false;
    reader->log_prob += log(NUMBER[*number]);
    if (read_word(reader, ADJECTIVE, *number)) {
        reader->log_prob += log(rule[WITH_ADJECTIVE]);
        return read_word(reader, NOUN, *number);
    }
    if (!read_word(reader, NOUN, *number))
        return false;
    if (read_word(reader, RELATIVE, *number))
        return depth < GRAMMAR_DEPTH && read_clause(reader, depth, *number);
    reader->log_prob += log(rule[PLAIN]);
    return true;
}

static bool read_verb_phrase(Reader *reader, int depth, Number number)
{
    Number object;
    if (read_word(reader, INTRANSITIVE, number)) {
        reader->log_prob += log(VERB_PHRASE[WITHOUT_OBJECT]);
        return true;
    }
    reader->log_prob += log(VERB_PHRASE[WITH_OBJECT]);
    return read_word(reader, TRANSITIVE, number) && read_noun_phrase(reader, depth, &object);
}

/* Behind "that", of a noun at that depth: a determiner begins a clause whose object the noun is. */
static bool read_clause(Reader *reader, int depth, Number number)
{
    size_t length;
    Number subject;
    bool of_object = next_in(reader, DETERMINER, SINGULAR, &length) > 0 ||
                     next_in(reader, DETERMINER, PLURAL, &length) > 0;
    reader->log_prob += log(noun_phrase(depth)[of_object ? OF_OBJECT : OF_SUBJECT]);
    if (!of_object)
        return read_verb_phrase(reader, depth + 1, number);
    return read_noun_phrase(reader, depth + 1, &subject) && read_word(reader, TRANSITIVE, subject);
}

double grammar_log_prob(const char *sentence, size_t bytes)
{
    if (bytes > 0 && sentence[bytes - 1] == '\n')
        bytes--;
    Reader reader = {sentence, bytes, 0, 0};
    Number number;
    bool right = read_noun_phrase(&reader, 0, &number) && read_verb_phrase(&reader, 0, number);
    return right && reader.at == bytes + 1 ? reader.log_prob : -INFINITY;
}

/* ---------------------------------------------------------------- sums over all sentences */

/* Of a phrase: its entropy and its expected number of words. Both add up along a rule. */
typedef struct Sum {
    double entropy, words;
} Sum;

static void add(Sum *sum, double weight, Sum part)
{
    sum->entropy += weight * part.entropy;
    sum->words += weight * part.words;
}

static Sum sum_choice(const double *probability, int n)
{
    return (Sum){categorical_entropy(probability, n), 0};
}

static Sum sum_word(Class class, Number number)
{
    Sum sum = {0, 1};
    for (const Word *word = WORDS[class][number]; word->text != NULL; word++)
        sum.entropy -= word->probability * log(word->probability);
    return sum;
}

static Sum sum_verb_phrase(int depth, Number number);

/* A noun phrase whose number is given, or the same with the transitive verb of which it is the
 * subject. */
static Sum sum_noun_phrase_of(int depth, Number number);

static Sum sum_noun_phrase(int depth, bool with_verb)
{
    Sum sum = sum_choice(NUMBER, NUMBERS);
    for (int n = 0; n < NUMBERS; n++) {
        add(&sum, NUMBER[n], sum_noun_phrase_of(depth, (Number)n));
        if (with_verb)
            add(&sum, NUMBER[n], sum_word(TRANSITIVE, (Number)n));
    }
    return sum;
}

static Sum sum_noun_phrase_of(int depth, Number number)
{
    const double *rule = noun_phrase(depth);
    Sum sum = sum_choice(rule, NOUN_PHRASES);
    add(&sum, 1, sum_word(DETERMINER, number));
    add(&sum, 1, sum_word(NOUN, number));
    add(&sum, rule[WITH_ADJECTIVE], sum_word(ADJECTIVE, number));
    if (depth == GRAMMAR_DEPTH)
        return sum;
    add(&sum, rule[OF_SUBJECT] + rule[OF_OBJECT], sum_word(RELATIVE, number));
    add(&sum, rule[OF_SUBJECT], sum_verb_phrase(depth + 1, number));
    add(&sum, rule[OF_OBJECT], sum_noun_phrase(depth + 1, true));
    return sum;
}

static Sum sum_verb_phrase(int depth, Number number)
{
    Sum sum = sum_choice(VERB_PHRASE, VERB_PHRASES);
    add(&sum, VERB_PHRASE[WITHOUT_OBJECT], sum_word(INTRANSITIVE, number));
    add(&sum, VERB_PHRASE[WITH_OBJECT], sum_word(TRANSITIVE, number));
    add(&sum, VERB_PHRASE[WITH_OBJECT], sum_noun_phrase(depth, false));
    return sum;
}

static Sum sum_sentence(void)
{
    Sum sum = sum_noun_phrase(0, false);
    for (int n = 0; n < NUMBERS; n++)
        add(&sum, NUMBER[n], sum_verb_phrase(0, (Number)n));
    return sum;
}

double grammar_entropy(void)
{
    return sum_sentence().entropy;
}

double grammar_words(void)
{
    return sum_sentence().words + 1;
}

/* ---------------------------------------------------------------- the data set */

Dataset *grammar_load(const char *name)
{
    static const size_t count[SPLITS] = {TRAIN, VALIDATION, TEST};
    if (strcmp(name, "grammar") != 0)
        return NULL;
    size_t lines = TRAIN + VALIDATION + TEST, bytes = 0;
    char *room = memory_new(lines, GRAMMAR_BYTES);
    double *log_prob = memory_new(lines, sizeof *log_prob);
    Rng stream = rng_stream(DATASET_SEED, name);
    for (size_t i = 0; i < lines; i++) {
        Rng rng = rng_at(stream, i);
        size_t length = grammar_draw(&rng, room + bytes);
        log_prob[i] = grammar_log_prob(room + bytes, length);
        bytes += length;
    }
    char *byte = memory_new(bytes, 1);
    memcpy(byte, room, bytes);
    free(room);
    Dataset *dataset = text_lines(name, byte, count, TOKENS_WORDS);
    dataset->text->log_prob = log_prob;
    dataset->entropy = grammar_entropy();
    return dataset;
}
