/* Writes down what a process does to the files of one folder, so that a power cut can be played afterwards.
 *
 * Preloaded into the agent. CAREBED_DISK_FOLDER is the folder, CAREBED_DISK_LOG the file that takes records:
 * operation (1 byte), inode, offset, length (8 bytes each, little endian), then `length` bytes. What changes data
 * is written down before it is done, what makes it durable after it was done. Shared memory (-shm) is not seen.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define FDS 4096
#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static struct { ino_t inode; char *folder; } seen[FDS]; /* the open files of the folder */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *folder;
static int record_fd = -1;

static void note(char what, uint64_t inode, uint64_t at, const void *data, uint64_t length) {
    char head[25];
    struct iovec parts[2] = {{head, sizeof head}, {(void *)data, data ? length : 0}};
    head[0] = what;
    memcpy(head + 1, &inode, 8);
    memcpy(head + 9, &at, 8);
    memcpy(head + 17, &length, 8);
    if (writev(record_fd, parts, 2) < 0) abort();
}

static void note_path(char what, uint64_t inode, const char *path) { note(what, inode, 0, path, strlen(path)); }

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("CAREBED_DISK_LOG");
    folder = getenv("CAREBED_DISK_FOLDER");
    if (path && folder) record_fd = NEXT(open)(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

static int ours(const char *path) {
    size_t length = record_fd >= 0 ? strlen(folder) : 0;
    return length && path && !strncmp(path, folder, length) && (!path[length] || path[length] == '/');
}

static int tracked(int fd) { return record_fd >= 0 && fd >= 0 && fd < FDS && seen[fd].inode && !seen[fd].folder; }

static int opened(const char *path, int flags, mode_t mode) {
    struct stat about;
    if (!ours(path)) return NEXT(openat)(AT_FDCWD, path, flags, mode);
    pthread_mutex_lock(&lock);
    int existed = !stat(path, &about), fd = NEXT(openat)(AT_FDCWD, path, flags, mode);
    if (fd >= 0 && fd < FDS && !fstat(fd, &about)) {
        seen[fd].inode = about.st_ino;
        free(seen[fd].folder);
        seen[fd].folder = S_ISDIR(about.st_mode) ? strdup(path) : NULL;
        if (!existed) note_path('C', about.st_ino, path);
        else if (flags & O_TRUNC) note('T', about.st_ino, 0, NULL, 0);
    }
    pthread_mutex_unlock(&lock);
    return fd;
}

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        va_list more; va_start(more, flags); mode_t mode = va_arg(more, int); va_end(more); \
        return opened(path, flags, mode); \
    }
#define OPENAT(name) \
    int name(int at, const char *path, int flags, ...) { \
        va_list more; va_start(more, flags); mode_t mode = va_arg(more, int); va_end(more); \
        if (ours(path)) return opened(path, flags, mode); \
        return NEXT(name)(at, path, flags, mode); \
    }
OPEN(open) OPEN(open64) OPENAT(openat) OPENAT(openat64)

int close(int fd) {
    if (record_fd >= 0 && fd >= 0 && fd < FDS && seen[fd].inode) {
        pthread_mutex_lock(&lock);
        free(seen[fd].folder);
        seen[fd].folder = NULL, seen[fd].inode = 0;
        pthread_mutex_unlock(&lock);
    }
    return NEXT(close)(fd);
}

/* A call that changes data: written down first. */
#define RUN(type, fd, before, call) \
    if (!tracked(fd)) return call; \
    pthread_mutex_lock(&lock); \
    before; \
    type done = call; \
    pthread_mutex_unlock(&lock); \
    return done

ssize_t pwrite(int fd, const void *data, size_t count, off_t at) {
    RUN(ssize_t, fd, note('W', seen[fd].inode, at, data, count), NEXT(pwrite)(fd, data, count, at));
}
ssize_t pwrite64(int fd, const void *data, size_t count, off64_t at) {
    RUN(ssize_t, fd, note('W', seen[fd].inode, at, data, count), NEXT(pwrite64)(fd, data, count, at));
}
ssize_t write(int fd, const void *data, size_t count) {
    RUN(ssize_t, fd, note('W', seen[fd].inode, lseek(fd, 0, SEEK_CUR), data, count), NEXT(write)(fd, data, count));
}
int ftruncate(int fd, off_t size) {
    RUN(int, fd, note('T', seen[fd].inode, size, NULL, 0), NEXT(ftruncate)(fd, size));
}
int ftruncate64(int fd, off64_t size) {
    RUN(int, fd, note('T', seen[fd].inode, size, NULL, 0), NEXT(ftruncate64)(fd, size));
}
int posix_fallocate(int fd, off_t at, off_t size) {
    RUN(int, fd, note('A', seen[fd].inode, at + size, NULL, 0), NEXT(posix_fallocate)(fd, at, size));
}
int posix_fallocate64(int fd, off64_t at, off64_t size) {
    RUN(int, fd, note('A', seen[fd].inode, at + size, NULL, 0), NEXT(posix_fallocate64)(fd, at, size));
}

static int synchronised(int fd, int (*call)(int)) {
    if (record_fd < 0 || fd < 0 || fd >= FDS || !seen[fd].inode) return call(fd);
    pthread_mutex_lock(&lock);
    int done = call(fd);
    if (!done && seen[fd].folder) note_path('D', seen[fd].inode, seen[fd].folder);
    else if (!done) note('S', seen[fd].inode, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    return done;
}
int fsync(int fd) { return synchronised(fd, NEXT(fsync)); }
int fdatasync(int fd) { return synchronised(fd, NEXT(fdatasync)); }

#define NAMED(path, what, call) \
    if (!ours(path)) return call; \
    pthread_mutex_lock(&lock); \
    int done = call; \
    if (!done) note_path(what, 0, path); \
    pthread_mutex_unlock(&lock); \
    return done

int unlink(const char *path) { NAMED(path, 'U', NEXT(unlink)(path)); }
int mkdir(const char *path, mode_t mode) { NAMED(path, 'M', NEXT(mkdir)(path, mode)); }
int rename(const char *from, const char *to) {
    if (!ours(from)) return NEXT(rename)(from, to);
    pthread_mutex_lock(&lock);
    int done = NEXT(rename)(from, to);
    if (!done) {
        char both[8192];
        int length = snprintf(both, sizeof both, "%s%c%s", from, 0, to);
        note('R', 0, 0, both, length);
    }
    pthread_mutex_unlock(&lock);
    return done;
}
