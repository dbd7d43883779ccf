#include "lock_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

namespace parapet {

namespace {
constexpr std::size_t text_max = 512;

std::string read_text(int fd) {
    char text[text_max];
    const ssize_t length = ::pread(fd, text, sizeof text, 0);
    return length > 0 ? std::string(text, static_cast<std::size_t>(length)) : std::string();
}
}  // namespace

int take_lock(const char* path, std::string& holder) noexcept {
    const int fd = ::open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0) return -errno;
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
        const int error = errno;
        if (error == EWOULDBLOCK) holder = read_text(fd);
        ::close(fd);
        return error == EWOULDBLOCK ? 0 : -error;
    }
    // A text that cannot be written (full disk) costs the name of the holder, not the lock.
    if (::ftruncate(fd, 0) == 0) (void)!::pwrite(fd, holder.data(), holder.size() < text_max ? holder.size() : text_max, 0);
    return 1;
}

}  // namespace parapet
