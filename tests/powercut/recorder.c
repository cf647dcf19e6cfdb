/* Preloaded into a process: notes, in order, what it does to the files below RECORDED, in RECORD.
   A record is a line, "operation number length path\n", and so many bytes. FSYNC_MS makes the disk slow. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define MOST 1024
static char *paths[MOST];
#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static const char *below(const char *path)
{
    const char *root = getenv("RECORDED");
    size_t n = root ? strlen(root) : 0;
    if (!n || strncmp(path, root, n) || (path[n] && path[n] != '/') || strstr(path, "-shm"))
        return NULL;
    return path[n] ? path + n + 1 : ".";
}

static void note(char what, long number, const char *path, const void *bytes, size_t length)
{
    static int out;
    char line[512];
    if (!out)
        out = syscall(SYS_openat, AT_FDCWD, getenv("RECORD"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int n = snprintf(line, sizeof line, "%c %ld %zu %s\n", what, number, length, path);
    struct iovec parts[] = {{line, n}, {(void *)bytes, length}};
    if (syscall(SYS_writev, out, parts, 2) != (long)(n + length))
        abort();
}

static const char *of(int fd) { return fd >= 0 && fd < MOST ? paths[fd] : NULL; }

static int opened(int fd, const char *path, int flags)
{
    const char *name = below(path);
    if (fd < 0 || fd >= MOST)
        return fd;
    free(paths[fd]);
    paths[fd] = name ? strdup(name) : NULL;
    if (name && flags & O_CREAT)
        note('C', 0, name, NULL, 0);
    if (name && flags & O_TRUNC)
        note('T', 0, name, NULL, 0);
    return fd;
}

#define OPEN(name)                                   \
    int name(const char *path, int flags, ...)       \
    {                                                \
        va_list rest;                                \
        va_start(rest, flags);                       \
        int mode = va_arg(rest, int);                \
        va_end(rest);                                \
        return opened(NEXT(name)(path, flags, mode), path, flags); \
    }
OPEN(open)
OPEN(open64)

int close(int fd)
{
    if (of(fd)) {
        free(paths[fd]);
        paths[fd] = NULL;
    }
    return NEXT(close)(fd);
}

#define PWRITE(name, offset_type)                                             \
    ssize_t name(int fd, const void *bytes, size_t n, offset_type at)         \
    {                                                                         \
        ssize_t done = NEXT(name)(fd, bytes, n, at);                          \
        if (done > 0 && of(fd))                                               \
            note('W', at, of(fd), bytes, done);                               \
        return done;                                                          \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t write(int fd, const void *bytes, size_t n)
{
    off_t at = of(fd) ? lseek(fd, 0, SEEK_CUR) : 0;
    ssize_t done = NEXT(write)(fd, bytes, n);
    if (done > 0 && of(fd))
        note('W', at, of(fd), bytes, done);
    return done;
}

/* Noted before it is done: what is written meanwhile is not in it. */
static void synced(int fd)
{
    long ms = getenv("FSYNC_MS") ? atol(getenv("FSYNC_MS")) : 0;
    struct timespec slow = {ms / 1000, ms % 1000 * 1000000};
    if (!of(fd))
        return;
    note('S', 0, of(fd), NULL, 0);
    nanosleep(&slow, NULL);
}

int fsync(int fd) { synced(fd); return NEXT(fsync)(fd); }
int fdatasync(int fd) { synced(fd); return NEXT(fdatasync)(fd); }

#define TRUNCATE(name, size_type)                        \
    int name(int fd, size_type size)                     \
    {                                                    \
        int failed = NEXT(name)(fd, size);               \
        if (!failed && of(fd))                           \
            note('T', size, of(fd), NULL, 0);            \
        return failed;                                   \
    }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

int unlink(const char *path)
{
    int failed = NEXT(unlink)(path);
    if (!failed && below(path))
        note('U', 0, below(path), NULL, 0);
    return failed;
}

int mkdir(const char *path, mode_t mode)
{
    int failed = NEXT(mkdir)(path, mode);
    if (!failed && below(path))
        note('D', 0, below(path), NULL, 0);
    return failed;
}

#define TWO_NAMES(name, letter)                                              \
    int name(const char *from, const char *to)                               \
    {                                                                        \
        int failed = NEXT(name)(from, to);                                   \
        if (!failed && below(from) && below(to)) {                           \
            const char *target = below(to);                                  \
            note(letter, 0, below(from), target, strlen(target));            \
        }                                                                    \
        return failed;                                                       \
    }
TWO_NAMES(rename, 'R')
TWO_NAMES(link, 'L')
