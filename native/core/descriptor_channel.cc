#include "descriptor_channel.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstring>

namespace parapet::descriptor_channel {

namespace {
constexpr std::size_t control_bytes = CMSG_SPACE(descriptors_max * sizeof(int));
}  // namespace

int open_pair(int (&ends)[2]) noexcept {
    return ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0 ? 0 : -errno;
}

int send(int channel, std::span<const int> descriptors) noexcept {
    if (descriptors.empty() || descriptors.size() > descriptors_max) return -EINVAL;
    alignas(cmsghdr) unsigned char control[control_bytes] = {};
    // One byte of data: an empty message would look like the end of the stream.
    char byte = 0;
    iovec data{&byte, 1};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
    return ::sendmsg(channel, &message, MSG_NOSIGNAL) == 1 ? 0 : -errno;
}

int receive(int channel, std::vector<int>& into) noexcept {
    alignas(cmsghdr) unsigned char control[control_bytes] = {};
    char byte = 0;
    iovec data{&byte, 1};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t got = ::recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
    if (got < 0) return errno == EAGAIN ? 0 : -errno;
    if (got == 0) return -EPIPE;
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        const std::size_t before = into.size();
        into.resize(before + count);
        std::memcpy(into.data() + before, CMSG_DATA(header), count * sizeof(int));
    }
    return 1;
}

}  // namespace parapet::descriptor_channel
