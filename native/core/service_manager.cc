#include "service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

namespace parapet {

int notify_service_manager(std::string_view socket_path, std::string_view text) noexcept {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (socket_path.size() < 2 || socket_path.size() >= sizeof address.sun_path) return -EINVAL;
    if (socket_path[0] != '/' && socket_path[0] != '@') return -EAFNOSUPPORT;
    std::memcpy(address.sun_path, socket_path.data(), socket_path.size());
    if (socket_path[0] == '@') address.sun_path[0] = '\0';
    // The length of an abstract name counts: a zero behind it would be part of it.
    const std::size_t name_bytes = socket_path.size() + (socket_path[0] == '/' ? 1u : 0u);
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_bytes);
    const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -errno;
    const ssize_t sent = ::sendto(fd, text.data(), text.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address), length);
    const int result = sent < 0 ? -errno : 0;
    ::close(fd);
    return result;
}

}  // namespace parapet
