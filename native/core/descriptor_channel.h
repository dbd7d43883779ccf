// Passes open descriptors from the supervisor to its child over a Unix socket pair (SCM_RIGHTS, unix(7)): a listener
// that a reload adds is opened by the supervisor, who owns the sockets for the life of the service.
#pragma once
#include <span>
#include <vector>

namespace parapet::descriptor_channel {

/// The most descriptors that one message carries.
inline constexpr std::size_t descriptors_max = 250;

/// Two ends, non-blocking and close-on-exec. 0, or -errno.
int open_pair(int (&ends)[2]) noexcept;
/// Sends all of them in one message. 0, or -errno.
int send(int channel, std::span<const int> descriptors) noexcept;
/// Appends the descriptors of one message, close-on-exec. 1: a message was read; 0: none waits; -errno otherwise
/// (-EPIPE: the other end is closed).
int receive(int channel, std::vector<int>& into) noexcept;

}  // namespace parapet::descriptor_channel
