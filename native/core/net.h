// Sockets as the engine opens them: non-blocking, close-on-exec, without delay.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "address.h"
#include "pieces.h"

namespace parapet::net {

/// A listening socket (SO_REUSEPORT, IPV6_V6ONLY); `address.port` 0 lets the system choose. Returns the descriptor, or -errno.
int listen_on(const Address& address, int backlog) noexcept;
/// The address that a socket is bound to.
Address local_address(int fd) noexcept;
/// Accepts one connection. Returns the descriptor, or -errno.
int accept_from(int listener, Address& peer) noexcept;
/// Smoothed round-trip time of a connection, 0 where it is not known.
std::uint32_t round_trip_us(int fd) noexcept;
/// Begins to connect. Returns the descriptor, or -errno; `done` tells that the connection stands already.
int connect_to(const Address& address, bool& done) noexcept;
/// Reads into `at`. Above 0: bytes; 0: end of stream; -1: nothing there; -2: the connection failed.
int receive(int fd, std::span<std::uint8_t> at) noexcept;
/// Whether something lies there to be read: bytes, not the end of the stream.
bool has_input(int fd) noexcept;
/// Sends the pieces in one write. At least 0: bytes that the kernel took (0 when it is full); -1: the connection failed.
std::ptrdiff_t send_some(int fd, std::span<const iovec> pieces) noexcept;
std::ptrdiff_t send_some(int fd, std::span<const std::uint8_t> bytes) noexcept;
/// The error that a socket has pending (SO_ERROR).
int pending_error(int fd) noexcept;

}  // namespace parapet::net
