#include "net.h"

#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>

namespace parapet::net {

namespace {
void set_flag(int fd, int level, int option) noexcept {
    const int on = 1;
    (void)::setsockopt(fd, level, option, &on, sizeof on);
}
}  // namespace

int listen_on(const Address& address, int backlog) noexcept {
    sockaddr_storage storage;
    const socklen_t length = address.to_sockaddr(storage);
    const int fd = ::socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    set_flag(fd, SOL_SOCKET, SO_REUSEADDR);
    set_flag(fd, SOL_SOCKET, SO_REUSEPORT);
    if (storage.ss_family == AF_INET6) set_flag(fd, IPPROTO_IPV6, IPV6_V6ONLY);
    if (::bind(fd, reinterpret_cast<sockaddr*>(&storage), length) != 0 || ::listen(fd, backlog) != 0) {
        const int error = errno;
        ::close(fd);
        return -error;
    }
    return fd;
}

Address local_address(int fd) noexcept {
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return {};
    return Address::from_sockaddr(storage);
}

int accept_from(int listener, Address& peer) noexcept {
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    const int fd = ::accept4(listener, reinterpret_cast<sockaddr*>(&storage), &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return -errno;
    peer = Address::from_sockaddr(storage);
    set_flag(fd, IPPROTO_TCP, TCP_NODELAY);
    return fd;
}

std::uint32_t round_trip_us(int fd) noexcept {
    tcp_info info{};
    socklen_t length = sizeof info;
    return ::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 ? info.tcpi_rtt : 0;
}

int connect_to(const Address& address, bool& done) noexcept {
    sockaddr_storage storage;
    const socklen_t length = address.to_sockaddr(storage);
    const int fd = ::socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    set_flag(fd, IPPROTO_TCP, TCP_NODELAY);
    done = ::connect(fd, reinterpret_cast<sockaddr*>(&storage), length) == 0;
    if (!done && errno != EINPROGRESS) {
        const int error = errno;
        ::close(fd);
        return -error;
    }
    return fd;
}

int receive(int fd, std::span<std::uint8_t> at) noexcept {
    for (;;) {
        const ssize_t n = ::recv(fd, at.data(), at.size(), 0);
        if (n >= 0) return static_cast<int>(n);
        if (errno == EINTR) continue;
        return errno == EAGAIN || errno == EWOULDBLOCK ? -1 : -2;
    }
}

bool has_input(int fd) noexcept {
    std::uint8_t byte = 0;
    return ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

std::ptrdiff_t send_some(int fd, std::span<const iovec> pieces) noexcept {
    for (;;) {
        ssize_t n = 0;
        if (pieces.size() == 1) {
            n = ::send(fd, pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL);
        } else {
            msghdr message{};
            message.msg_iov = const_cast<iovec*>(pieces.data());
            message.msg_iovlen = pieces.size();
            n = ::sendmsg(fd, &message, MSG_NOSIGNAL);
        }
        if (n >= 0) return n;
        if (errno == EINTR) continue;
        return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
    }
}

std::ptrdiff_t send_some(int fd, std::span<const std::uint8_t> bytes) noexcept {
    const iovec piece = piece_of(bytes);
    return send_some(fd, {&piece, 1});
}

int pending_error(int fd) noexcept {
    int error = 0;
    socklen_t length = sizeof error;
    if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0) return errno;
    return error;
}

}  // namespace parapet::net
