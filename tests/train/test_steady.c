/* The steady state: after the first steps the laboratory allocates nothing, and memory stays. */
#include "train/run_child.h"

#include "data/batches.h"

#include <unistd.h>

/* The laboratory allocates through memory_new alone (aligned_alloc) and through malloc and its kin
 * in the libraries that it calls. All of them are counted in this program by standing in front of
 * glibc's. */
static long allocations;

/* clang's OpenMP asks malloc for every region that is not threaded: there the laboratory's own
 * requests alone count. */
#if defined(__clang__) && defined(_OPENMP)
enum { MALLOC_COUNTS = 0 };
#else
enum { MALLOC_COUNTS = 1 };
#endif

#if !RUN_SANITIZED && defined(__GLIBC__)
enum { COUNTED = 1 };

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size)
{
    allocations += MALLOC_COUNTS;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    allocations++;
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    allocations++;
    return __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    allocations++;
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    allocations++;
    *out = __libc_memalign(alignment, size);
    return *out != NULL ? 0 : 12;
}
#else
enum { COUNTED = 0 };
#endif

/* ---------------------------------------------------------------- steps by hand */

/* What the loop does in a step, without its logging, on the portable kernels, which call no library
 * that allocates for itself. */
typedef struct Steps {
    Options *options;
    Dataset *data;
    Model *model;
    Batches *batches;
    Tape *tape;
    long index;
} Steps;

static Steps steps_make(const char *words)
{
    Steps steps = {.options = run_parse("unused", words)};
    steps.data = dataset_load(options_text(steps.options, "data"));
    vae_family.defaults(steps.options, steps.data);
    steps.model = vae_family.create(steps.options, steps.data, 1);
    steps.batches =
        batches_create(steps.data, SPLIT_TRAIN, (int)options_int(steps.options, "batch"), 1);
    steps.tape = tape_create(&kernels_portable);
    return steps;
}

static void steps_free(Steps *steps)
{
    tape_free(steps->tape);
    batches_free(steps->batches);
    vae_family.destroy(steps->model);
    dataset_free(steps->data);
    options_free(steps->options);
}

static void one_step(Steps *steps)
{
    double logged[FAMILY_MOST_COLUMNS];
    int batch = (int)options_int(steps->options, "batch");
    tape_reset(steps->tape);
    model_bind(steps->model, steps->tape);
    Step step = {.tape = steps->tape, .index = steps->index, .steps = 1000};
    step.x = tensor_new_matrix(steps->tape, batch, steps->data->dims);
    step.learning_rate = 1e-3;
    step.noise = rng_at(rng_stream(1, "noise"), (uint64_t)steps->index);
    batches_get(steps->batches, (uint64_t)steps->index, step.x->value, NULL, NULL);
    vae_family.train_step(steps->model, &step, logged);
    model_update_ema(steps->model);
    steps->index++;
}

/* After two steps neither the tape nor anybody else asks for memory, over an epoch's end too. */
static void steady(const char *words)
{
    enum { MEASURED = 400 }; /* bars have 313 batches of 32 an epoch */
    Steps steps = steps_make(words);
    one_step(&steps);
    one_step(&steps);
    size_t tape_asked = tape_allocations(steps.tape), tape_held = tape_bytes(steps.tape);
    long before = allocations;
    for (int i = 0; i < MEASURED; i++)
        one_step(&steps);
    long asked = allocations - before;
    CU_ASSERT_EQUAL(asked, 0);
    CU_ASSERT_EQUAL(tape_allocations(steps.tape), tape_asked);
    CU_ASSERT_EQUAL(tape_bytes(steps.tape), tape_held);
    CU_ASSERT(tape_asked > 0 && tape_held > 0);
    steps_free(&steps);
}

static void test_steps(void)
{
    kernels_set_threads(1);
    steady("--data bars --hidden 16 --latent 2 --batch 32 --ema 0.9 --clip 1");
    steady("--data bars --hidden 16 --latent 3,2 --batch 32 --objective iwae --dreg");
    steady("--data moons --hidden 16 --latent 2 --batch 32 --objective iwae --k 3");
}

/* The count can rise: otherwise the test above says nothing. */
static void test_count(void)
{
    long before = allocations;
    free(memory_new(10, 1));
    CU_ASSERT(allocations - before == COUNTED);
}

/* ---------------------------------------------------------------- the whole loop */

enum { EARLY = 300, LATE = 3000 };

static long resident_pages(void)
{
    long size = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL)
        return 0;
    if (fscanf(file, "%ld %ld", &size, &resident) != 2)
        resident = 0;
    fclose(file);
    return resident;
}

static void look_at_memory(long step, void *context)
{
    long *pages = context;
    if (step == EARLY)
        pages[0] = resident_pages();
    if (step == LATE)
        pages[1] = resident_pages();
}

static void train_long(void *context)
{
    (void)context;
    long pages[2] = {0};
    const LoopHooks hooks = {NULL, look_at_memory, pages};
    char folder[256];
    folder_make(folder);
    Options *options = run_parse(folder, RUN_SMALL " --steps 3000 --ema 0.9");
    loop_train(&vae_family, options, &hooks);
    folder_remove(folder);
    options_free(options);
    printf("early %ld late %ld\n", pages[0], pages[1]);
}

/* With logging, validation and checkpoints: within 1 % and 16 pages, that the C library may keep
 * back from freed checkpoints. */
static void test_resident(void)
{
    ChildResult result = child_run(train_long, NULL);
    long early = 0, late = 0;
    const char *said = strstr(result.text, "early ");
    CU_ASSERT_FATAL(result.status == 0 && said != NULL);
    CU_ASSERT_EQUAL(sscanf(said, "early %ld late %ld", &early, &late), 2);
    if (early == 0)
        return; /* no /proc here */
    printf("\n    %ld pages after %d steps, %ld after %d\n", early, EARLY, late, LATE);
    CU_ASSERT(RUN_SANITIZED || late <= early + early / 100 + 16);
}

const Suite suite = {"train/steady",
                     {{"allocations are counted", test_count},
                      {"a step allocates nothing", test_steps},
                      {"memory after 3,000 steps", test_resident},
                      {NULL, NULL}}};
