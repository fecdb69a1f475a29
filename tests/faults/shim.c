/* Loaded before libc (LD_PRELOAD): lets the n-th write, sync or change of a name below one folder fail, or ends the process
   there as kill -9 would. Calls on other files are left alone. Compiled and armed by tests/faults/server.py. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { WRITES = 1, SYNCS = 2, NAMES = 4, CLOSES = 8 };

static char folder[PATH_MAX];
static size_t folder_length;
static int armed_kinds, failure, forever, kills;
static long countdown, injected, seen;

void fault_arm(const char *below, int kinds, long nth, int error, int again, int kill_instead)
{
    folder_length = strlen(below);
    memcpy(folder, below, folder_length + 1);
    armed_kinds = kinds, failure = error, forever = again, kills = kill_instead;
    injected = seen = 0;
    countdown = nth;
}

void fault_disarm(void) { armed_kinds = 0; }
long fault_injected(void) { return injected; }
long fault_seen(void) { return seen; }

/* Whether this call is the one. 2 asks for half of a write before the end. */
static int struck(int kind, const char *path)
{
    if (!(armed_kinds & kind) || strncmp(path, folder, folder_length) != 0)
        return 0;
    __atomic_add_fetch(&seen, 1, __ATOMIC_SEQ_CST);
    long left = __atomic_sub_fetch(&countdown, 1, __ATOMIC_SEQ_CST);
    if (left > 0 || (left < 0 && !forever))
        return 0;
    __atomic_add_fetch(&injected, 1, __ATOMIC_SEQ_CST);
    return kills ? kills : 1;
}

static int struck_at(int kind, int descriptor)
{
    char link[64], path[PATH_MAX];
    if (!(armed_kinds & kind))
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0)
        return 0;
    path[length] = 0;
    return struck(kind, path);
}

static int fail(void)
{
    if (kills)
        kill(getpid(), SIGKILL), pause();
    errno = failure;
    return -1;
}

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

#define WRITE(name, parameters, arguments, half)                                                                              \
    ssize_t name parameters                                                                                                    \
    {                                                                                                                          \
        REAL(name);                                                                                                            \
        int found = struck_at(WRITES, descriptor);                                                                             \
        if (found == 2 && size > 1)                                                                                            \
            (void)!real half;                                                                                                  \
        return found ? fail() : real arguments;                                                                                \
    }
WRITE(write, (int descriptor, const void *bytes, size_t size), (descriptor, bytes, size), (descriptor, bytes, size / 2))
WRITE(pwrite, (int descriptor, const void *bytes, size_t size, off_t at), (descriptor, bytes, size, at), (descriptor, bytes, size / 2, at))
WRITE(pwrite64, (int descriptor, const void *bytes, size_t size, off64_t at), (descriptor, bytes, size, at), (descriptor, bytes, size / 2, at))

#define CALL(name, kind, parameters, arguments, hit)                                                                           \
    int name parameters                                                                                                        \
    {                                                                                                                          \
        REAL(name);                                                                                                            \
        return hit(kind, file) ? fail() : real arguments;                                                                      \
    }
CALL(fsync, SYNCS, (int file), (file), struck_at)
CALL(fdatasync, SYNCS, (int file), (file), struck_at)
CALL(ftruncate, WRITES, (int file, off_t size), (file, size), struck_at)
CALL(ftruncate64, WRITES, (int file, off64_t size), (file, size), struck_at)
int close(int file)
{
    REAL(close);
    int found = struck_at(CLOSES, file);
    if (found && kills)
        return fail();
    int closed = real(file);
    return found ? fail() : closed;
}
CALL(unlink, NAMES, (const char *file), (file), struck)
CALL(rename, NAMES, (const char *file, const char *to), (file, to), struck)
CALL(link, NAMES, (const char *file, const char *to), (file, to), struck)
CALL(mkdir, NAMES, (const char *file, mode_t mode), (file, mode), struck)

#define OPEN(name)                                                                                                             \
    int name(const char *path, int flags, ...)                                                                                 \
    {                                                                                                                          \
        REAL(name);                                                                                                            \
        mode_t mode = 0;                                                                                                       \
        if (flags & O_CREAT) {                                                                                                 \
            va_list more;                                                                                                      \
            va_start(more, flags);                                                                                             \
            mode = va_arg(more, mode_t);                                                                                       \
            va_end(more);                                                                                                      \
            if (struck(NAMES, path))                                                                                           \
                return fail();                                                                                                 \
        }                                                                                                                      \
        return real(path, flags, mode);                                                                                        \
    }
OPEN(open)
OPEN(open64)
