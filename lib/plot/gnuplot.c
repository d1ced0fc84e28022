#include "plot/gnuplot.h"

#include "support/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static bool is_program(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

bool gnuplot_found(void)
{
    const char *path = getenv("PATH");
    char *folders = memory_text(path != NULL ? path : "/bin:/usr/bin");
    bool found = false;
    char *rest = folders;
    for (char *folder; !found && (folder = strsep(&rest, ":")) != NULL;) {
        if (*folder == '\0')
            continue;
        char *program = memory_format("%s/gnuplot", folder);
        found = is_program(program);
        free(program);
    }
    free(folders);
    return found;
}

/* The caller's environment with LC_ALL=C: a decimal comma in the data would be misread in silence.
 * The array is the caller's to free, its texts are not. */
static char **plain_environment(void)
{
    size_t count = 0;
    while (environ[count] != NULL)
        count++;
    char **copy = memory_new(count + 2, sizeof *copy);
    size_t used = 0;
    for (size_t i = 0; i < count; i++)
        if (strncmp(environ[i], "LC_ALL=", 7) != 0)
            copy[used++] = environ[i];
    copy[used] = "LC_ALL=C";
    return copy;
}

static int add_files(posix_spawn_file_actions_t *actions, const GnuplotCall *call)
{
    int failed = 0;
    if (call->folder != NULL)
        failed |= posix_spawn_file_actions_addchdir_np(actions, call->folder);
    if (call->script == NULL) {
        failed |= posix_spawn_file_actions_adddup2(actions, call->input, STDIN_FILENO);
        failed |= posix_spawn_file_actions_adddup2(actions, call->output, STDOUT_FILENO);
    } else {
        failed |= posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    }
    const char *log = call->log != NULL ? call->log : "/dev/null";
    int how = O_WRONLY | O_CREAT | O_TRUNC;
    failed |= posix_spawn_file_actions_addopen(actions, STDERR_FILENO, log, how, 0666);
    if (call->script != NULL)
        failed |= posix_spawn_file_actions_adddup2(actions, STDERR_FILENO, STDOUT_FILENO);
    return failed;
}

/* In a process group of its own, so that what it starts can be ended with it.
 * Returns 0 when it did not start. */
static pid_t start(const GnuplotCall *call)
{
    char *arguments[6] = {"gnuplot", "-d"}; /* -d: no ~/.gnuplot, the same figure for everybody */
    int used = 2;
    if (call->preset != NULL) {
        arguments[used++] = "-e";
        arguments[used++] = (char *)call->preset;
    }
    if (call->script != NULL)
        arguments[used] = (char *)call->script;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    if (posix_spawn_file_actions_init(&actions) != 0)
        return 0;
    if (posix_spawnattr_init(&attributes) != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return 0;
    }
    char **environment = plain_environment();
    int failed = add_files(&actions, call);
    failed |= posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    failed |= posix_spawnattr_setpgroup(&attributes, 0);
    pid_t child = 0;
    if (failed == 0)
        failed = posix_spawnp(&child, "gnuplot", &actions, &attributes, arguments, environment);
    free(environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failed == 0 ? child : 0;
}

static double clock_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static GnuplotEnd wait_for(pid_t child, double seconds)
{
    const struct timespec pause = {.tv_nsec = 2000000};
    double end = clock_seconds() + seconds;
    int status = 0;
    for (;;) {
        pid_t got = waitpid(child, &status, WNOHANG);
        if (got == child)
            break;
        if (got < 0 && errno != EINTR)
            return GNUPLOT_FAILED;
        if (clock_seconds() > end) {
            kill(-child, SIGKILL);
            while (waitpid(child, &status, 0) < 0 && errno == EINTR)
                continue;
            return GNUPLOT_TOO_SLOW;
        }
        nanosleep(&pause, NULL);
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? GNUPLOT_DONE : GNUPLOT_FAILED;
}

GnuplotEnd gnuplot_run(const GnuplotCall *call)
{
    pid_t child = start(call);
    return child > 0 ? wait_for(child, call->seconds) : GNUPLOT_FAILED;
}
