/* Byte-pair encoding. Source: Sennrich, Haddow & Birch (2016), arXiv:1508.07909, algorithm 1, over
 * bytes instead of characters. Each distinct piece of the text is kept once with its frequency, and
 * a join visits only the pieces that hold its pair. */
#include "data/tokens_internal.h"

#include "support/fail.h"
#include "support/memory.h"

#include <stdlib.h>
#include <string.h>

enum { BYTES = 256, NONE = -1 };

static int piece_length(const char *text, size_t left)
{
    size_t length = 1;
    if (text[0] == '\n')
        return 1;
    if (tokens_is_blank(text[0]) && (left == 1 || tokens_is_blank(text[1]) || text[1] == '\n'))
        return 1;
    while (length < left && !tokens_is_blank(text[length]) && text[length] != '\n') {
        if (length == TOKENS_LONGEST)
            return (int)tokens_boundary(text, length);
        length++;
    }
    return (int)length;
}

/* ---------------------------------------------------------------- a table of pairs */

typedef struct Slot {
    uint32_t key; /* the pair, plus 1; 0: empty */
    int value;
} Slot;

/* Open addressing, at most half full. */
typedef struct PairTable {
    Slot *slot;
    int bits, used;
} PairTable;

static uint32_t pair_of(int left, int right)
{
    return (uint32_t)left << 16 | (uint32_t)right;
}

static PairTable table_new(int bits)
{
    return (PairTable){memory_new((size_t)1 << bits, sizeof(Slot)), bits, 0};
}

static Slot *table_slot(const PairTable *table, uint32_t pair)
{
    uint32_t mask = ((uint32_t)1 << table->bits) - 1;
    uint32_t at = pair * 2654435769u >> (32 - table->bits); /* 2^32 over the golden ratio */
    while (table->slot[at].key != 0 && table->slot[at].key != pair + 1)
        at = (at + 1) & mask;
    return &table->slot[at];
}

static int table_find(const PairTable *table, uint32_t pair)
{
    const Slot *slot = table_slot(table, pair);
    return slot->key != 0 ? slot->value : NONE;
}

static void table_put(PairTable *table, uint32_t pair, int value)
{
    if (2 * table->used >= 1 << table->bits) {
        PairTable larger = table_new(table->bits + 1);
        for (int i = 0; i < 1 << table->bits; i++)
            if (table->slot[i].key != 0)
                *table_slot(&larger, table->slot[i].key - 1) = table->slot[i];
        free(table->slot);
        table->slot = larger.slot;
        table->bits++;
    }
    *table_slot(table, pair) = (Slot){pair + 1, value};
    table->used++;
}

/* ---------------------------------------------------------------- learning */

/* A distinct piece as it is joined so far. */
typedef struct Word {
    const char *text;
    uint16_t *symbol; /* [length] */
    int bytes, length;
    long frequency;
} Word;

/* A piece that holds a pair, or did. */
typedef struct Place {
    int word, next;
} Place;

typedef struct Pair {
    uint32_t pair;
    long count;
    int places; /* its first Place, NONE at the end */
} Pair;

/* An entry of the heap: the count is that of when it was put there, and counts only fall. */
typedef struct Candidate {
    long count;
    int pair;
} Candidate;

typedef struct Learner {
    Word *word;
    int words;
    uint16_t *symbol; /* of all words */
    PairTable table;  /* pair -> its number in `pair` */
    Pair *pair;
    size_t pairs, pair_room;
    Place *place;
    size_t places, place_room;
    Candidate *heap;
    size_t waiting, heap_room;
} Learner;

/* Room for one more: the array, moved where it was full. */
static void *grow(void *array, size_t used, size_t *room, size_t size)
{
    if (used < *room)
        return array;
    size_t more = *room > 0 ? 2 * *room : 1024;
    void *larger = memory_new(more, size);
    if (used > 0)
        memcpy(larger, array, used * size);
    free(array);
    *room = more;
    return larger;
}

/* The slot of a piece among the words: a hash table of 2^bits numbers, 0 for none. */
static int *word_slot(const Learner *learner, int *table, int bits, const char *text, int bytes)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (int i = 0; i < bytes; i++)
        hash = (hash ^ (unsigned char)text[i]) * 16777619u;
    uint32_t mask = ((uint32_t)1 << bits) - 1, at = (hash * 2654435769u) >> (32 - bits);
    for (; table[at] != 0; at = (at + 1) & mask) {
        const Word *word = &learner->word[table[at] - 1];
        if (word->bytes == bytes && memcmp(word->text, text, (size_t)bytes) == 0)
            break;
    }
    return &table[at];
}

/* The distinct pieces in the order in which they come, and how often. */
static void count_words(Learner *learner, const char *text, size_t bytes)
{
    size_t pieces = 0, used = 0;
    int bits = 4;
    for (size_t at = 0; at < bytes; at += (size_t)piece_length(text + at, bytes - at))
        pieces++;
    while ((size_t)1 << bits < 2 * pieces && bits < 30)
        bits++;
    int *table = memory_new((size_t)1 << bits, sizeof *table);
    learner->word = memory_new(pieces, sizeof *learner->word);
    learner->symbol = memory_new(bytes, sizeof *learner->symbol);
    for (size_t at = 0; at < bytes;) {
        int length = piece_length(text + at, bytes - at);
        int *slot = word_slot(learner, table, bits, text + at, length);
        if (*slot == 0) {
            Word *word = &learner->word[learner->words++];
            *slot = learner->words;
            *word = (Word){text + at, learner->symbol + used, length, length, 0};
            for (int i = 0; i < length; i++)
                word->symbol[i] = (unsigned char)text[at + (size_t)i];
            used += (size_t)length;
        }
        learner->word[*slot - 1].frequency++;
        at += (size_t)length;
    }
    free(table);
}

static Pair *find_pair(Learner *learner, int left, int right)
{
    uint32_t pair = pair_of(left, right);
    int number = table_find(&learner->table, pair);
    if (number == NONE) {
        number = (int)learner->pairs;
        table_put(&learner->table, pair, number);
        learner->pair =
            grow(learner->pair, learner->pairs, &learner->pair_room, sizeof *learner->pair);
        learner->pair[learner->pairs++] = (Pair){pair, 0, NONE};
    }
    return &learner->pair[number];
}

/* One more pair at a place of a word. */
static void add_pair(Learner *learner, int left, int right, int word)
{
    Pair *pair = find_pair(learner, left, right);
    pair->count += learner->word[word].frequency;
    if (pair->places != NONE && learner->place[pair->places].word == word)
        return;
    learner->place =
        grow(learner->place, learner->places, &learner->place_room, sizeof *learner->place);
    learner->place[learner->places] = (Place){word, pair->places};
    pair->places = (int)learner->places++;
}

static bool comes_first(const Learner *learner, Candidate a, Candidate b)
{
    if (a.count != b.count)
        return a.count > b.count;
    return learner->pair[a.pair].pair < learner->pair[b.pair].pair;
}

static void heap_push(Learner *learner, int pair)
{
    learner->heap =
        grow(learner->heap, learner->waiting, &learner->heap_room, sizeof *learner->heap);
    Candidate *heap = learner->heap, candidate = {learner->pair[pair].count, pair};
    size_t at = learner->waiting++;
    for (; at > 0 && comes_first(learner, candidate, heap[(at - 1) / 2]); at = (at - 1) / 2)
        heap[at] = heap[(at - 1) / 2];
    heap[at] = candidate;
}

static Candidate heap_pop(Learner *learner)
{
    Candidate *heap = learner->heap, first = heap[0], last = heap[--learner->waiting];
    size_t at = 0, n = learner->waiting;
    for (size_t below; (below = 2 * at + 1) < n; at = below) {
        if (below + 1 < n && comes_first(learner, heap[below + 1], heap[below]))
            below++;
        if (!comes_first(learner, heap[below], last))
            break;
        heap[at] = heap[below];
    }
    heap[at] = last;
    return first;
}

/* The pairs from number `first` on that are there twice join the heap. */
static void heap_add(Learner *learner, size_t first)
{
    for (size_t i = first; i < learner->pairs; i++)
        if (learner->pair[i].count > 1)
            heap_push(learner, (int)i);
}

/* The most frequent pair that makes no token too long, or NONE. */
static int best_pair(Learner *learner, const Tokens *tokens)
{
    while (learner->waiting > 0) {
        Candidate candidate = heap_pop(learner);
        const Pair *pair = &learner->pair[candidate.pair];
        int left = (int)(pair->pair >> 16), right = (int)(pair->pair & 0xffff);
        if (pair->count < 2 || tokens->length[left] + tokens->length[right] > TOKENS_LONGEST)
            continue;
        if (pair->count == candidate.count)
            return candidate.pair;
        heap_push(learner, candidate.pair); /* it fell since */
    }
    return NONE;
}

/* Joins a pair in one word, from the left, and counts its neighbours anew. */
static void join_in_word(Learner *learner, int number, int left, int right, int made)
{
    Word *word = &learner->word[number];
    uint16_t *symbol = word->symbol;
    int kept = 0;
    for (int i = 0; i < word->length; i++) {
        if (i + 1 == word->length || symbol[i] != left || symbol[i + 1] != right) {
            symbol[kept++] = symbol[i];
            continue;
        }
        find_pair(learner, left, right)->count -= word->frequency;
        if (kept > 0) {
            find_pair(learner, symbol[kept - 1], left)->count -= word->frequency;
            add_pair(learner, symbol[kept - 1], made, number);
        }
        if (i + 2 < word->length) {
            find_pair(learner, right, symbol[i + 2])->count -= word->frequency;
            add_pair(learner, made, symbol[i + 2], number);
        }
        symbol[kept++] = (uint16_t)made;
        i++;
    }
    word->length = kept;
}

static void join(Learner *learner, Tokens *tokens, int number)
{
    Pair pair = learner->pair[number];
    int left = (int)(pair.pair >> 16), right = (int)(pair.pair & 0xffff), made = tokens->count;
    int length = tokens->length[left] + tokens->length[right];
    char piece[TOKENS_LONGEST];
    memcpy(piece, tokens->piece[left], (size_t)tokens->length[left]);
    memcpy(piece + tokens->length[left], tokens->piece[right], (size_t)tokens->length[right]);
    tokens_add(tokens, piece, length);
    tokens->merge[made - BYTES][0] = left;
    tokens->merge[made - BYTES][1] = right;
    size_t first = learner->pairs; /* every pair that grows is with `made`, and new */
    for (int at = pair.places; at != NONE; at = learner->place[at].next)
        join_in_word(learner, learner->place[at].word, left, right, made);
    heap_add(learner, first);
}

void tokens_learn_pairs(Tokens *tokens, int most, const char *text, size_t bytes)
{
    Learner learner = {.table = table_new(12)};
    int best;
    if (most < BYTES || most > TOKENS_MOST)
        fail("tokens_learn_pairs: %d tokens; there are from %d to %d", most, BYTES, TOKENS_MOST);
    tokens->merge = memory_new((size_t)(most - BYTES), sizeof *tokens->merge);
    count_words(&learner, text, bytes);
    for (int w = 0; w < learner.words; w++)
        for (int i = 0; i + 1 < learner.word[w].length; i++)
            add_pair(&learner, learner.word[w].symbol[i], learner.word[w].symbol[i + 1], w);
    heap_add(&learner, 0);
    while (tokens->count < most && (best = best_pair(&learner, tokens)) != NONE)
        join(&learner, tokens, best);
    free(learner.word);
    free(learner.symbol);
    free(learner.table.slot);
    free(learner.pair);
    free(learner.place);
    free(learner.heap);
}

/* ---------------------------------------------------------------- encoding */

/* The join that makes a token of two, as its number among the joins; of none INT32_MAX. */
static int32_t rank_of(const PairTable *joins, const uint16_t *symbol)
{
    int rank = table_find(joins, pair_of(symbol[0], symbol[1]));
    return rank != NONE ? rank : INT32_MAX;
}

/* Joins a piece in place: always the pair that was learnt first, of equal ones the leftmost. What a
 * join makes is in later joins only, so this is the order of learning. Returns the new length. */
static int join_piece(const PairTable *joins, uint16_t *symbol, int length)
{
    int32_t rank[TOKENS_LONGEST];
    for (int i = 0; i + 1 < length; i++)
        rank[i] = rank_of(joins, symbol + i);
    while (length > 1) {
        int best = 0;
        for (int i = 1; i + 1 < length; i++)
            if (rank[i] < rank[best])
                best = i;
        if (rank[best] == INT32_MAX)
            break;
        symbol[best] = (uint16_t)(BYTES + rank[best]);
        length--;
        for (int i = best + 1; i < length; i++) {
            symbol[i] = symbol[i + 1];
            rank[i - 1] = rank[i];
        }
        if (best > 0)
            rank[best - 1] = rank_of(joins, symbol + best - 1);
        if (best + 1 < length)
            rank[best] = rank_of(joins, symbol + best);
    }
    return length;
}

long tokens_encode_pairs(const Tokens *tokens, const char *text, size_t bytes, uint16_t *token)
{
    PairTable joins = table_new(10);
    long n = 0;
    for (int i = 0; i < tokens->count - BYTES; i++)
        table_put(&joins, pair_of(tokens->merge[i][0], tokens->merge[i][1]), i);
    for (size_t at = 0; at < bytes;) {
        int length = piece_length(text + at, bytes - at);
        for (int i = 0; i < length; i++)
            token[n + i] = (unsigned char)text[at + (size_t)i];
        n += join_piece(&joins, token + n, length);
        at += (size_t)length;
    }
    free(joins.slot);
    return n;
}
