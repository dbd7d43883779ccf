// One TLS connection, of a client or to an origin: bytes that were received go in, bytes to be sent come out; sockets and buffers are
// the engine's. OpenSSL is the one that Node exports. What always holds: the error queue of the thread is empty before and after every
// call (a left-over error breaks an unrelated connection of node:tls), no global state of OpenSSL is changed, and an SSL_write is
// never retried, because its output always has room.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct ssl_st;
struct bio_method_st;

namespace parapet {

class TlsListener;
class TlsOrigin;
class TlsSessions;

/// A key for session tickets: the first of a list encrypts, all of them decrypt.
struct TicketKey {
    static constexpr std::size_t bytes = 80;
    std::uint8_t name[16] = {};
    std::uint8_t cipher[32] = {};
    std::uint8_t mac[32] = {};
};

/// Bytes between the connections of one thread and their sockets. One per engine; it holds nothing between two calls.
struct TlsIo {
    static constexpr std::size_t room_bytes = 64u << 10;
    /// What one call may leave to be sent: a chain of certificates, a batch of records.
    static constexpr std::size_t out_bytes_max = 1u << 20;

    TlsIo();
    ~TlsIo();
    TlsIo(const TlsIo&) = delete;
    TlsIo& operator=(const TlsIo&) = delete;

    /// Begins a call that receives nothing.
    void begin() noexcept { begin(-1, {}, 0, false); }
    /// Begins a call: `waiting` has been received before, more may be received from `socket` (-1: it may not). `half_closed`: the
    /// end of the stream is there to be read.
    void begin(int socket, std::span<const std::uint8_t> waiting, std::size_t receive_bytes_max, bool half_closed) noexcept;
    /// Receives into the room of the thread. Above 0: bytes; 0: end of the stream; -1: nothing there; -2: the connection failed.
    int receive() noexcept;

    bio_method_st* method = nullptr;
    std::vector<std::uint8_t> room;
    std::vector<std::uint8_t> out;  // sealed bytes, to be sent
    std::span<const std::uint8_t> in;
    int fd = -1;
    std::size_t receive_max = 0;
    bool to_end = false;    // a short read is not the last one
    bool received = false;  // `in` is what was received in this call
    bool drained = false;   // the socket has no more for now
    bool ended = false;     // end of the stream
    bool failed = false;    // the connection failed
    bool overflow = false;  // `out` would have become too large
    /// Keys for tickets, the current one first. They change while connections live.
    std::vector<TicketKey> ticket_keys;
};

enum class TlsStep : std::uint8_t { done, wait, failed };

/// Why a handshake of a client failed; names the counter.
enum class TlsFault : std::uint8_t { none, version, cipher, alpn, alert, closed, other };

class Tls {
public:
    /// Null where memory ran out. `listener` and `origin` are kept alive by the connection.
    static std::unique_ptr<Tls> accept(TlsIo& io, std::shared_ptr<const TlsListener> listener) noexcept;
    static std::unique_ptr<Tls> connect(TlsIo& io, std::shared_ptr<const TlsOrigin> origin, TlsSessions& sessions) noexcept;
    ~Tls();
    Tls(const Tls&) = delete;
    Tls& operator=(const Tls&) = delete;

    // Between `TlsIo::begin` and the next one:
    TlsStep handshake() noexcept;
    /// Above 0: bytes; 0: the peer said goodbye (close_notify); -1: nothing for now; -2: the connection failed;
    /// -3: it ended without a goodbye, what was read may be cut short.
    int read(std::span<std::uint8_t> at) noexcept;
    /// Seals all of it into `io.out`. False: the connection is unusable.
    bool seal(std::span<const std::uint8_t> plain) noexcept;
    /// Adds close_notify to `io.out`.
    void say_goodbye() noexcept;
    /// Plain bytes that are decrypted already and were not asked for yet.
    [[nodiscard]] bool has_more() const noexcept;

    bool open = false;         // the handshake is done
    bool started = false;      // bytes of it have come
    bool left_handshake = false;  // it is over, and counted
    bool readable = true;      // the socket may hold more to read
    bool resumed = false;
    std::uint8_t protocol = 0;  // index into tls_protocols
    std::uint8_t cipher = 0;    // index into tls_ciphers
    TlsFault fault = TlsFault::none;
    std::int32_t fail_cause = 0;   // towards an origin
    std::int32_t fail_detail = 0;
    std::uint64_t started_ns = 0;
    std::uint32_t took_us = 0;
    std::uint64_t sealed = 0;  // plain bytes whose sealed form waits to be sent

    [[nodiscard]] const TlsListener* listener() const noexcept { return listener_.get(); }
    [[nodiscard]] TlsSessions* sessions() const noexcept { return sessions_; }
    [[nodiscard]] TlsIo& io() const noexcept { return io_; }

private:
    Tls(TlsIo& io, ssl_st* ssl) noexcept : io_(io), ssl_(ssl) {}
    static std::unique_ptr<Tls> begin(TlsIo& io, ssl_st* ssl) noexcept;
    void note_opened() noexcept;
    void note_failed() noexcept;

    TlsIo& io_;
    ssl_st* ssl_ = nullptr;
    std::shared_ptr<const TlsListener> listener_;
    std::shared_ptr<const TlsOrigin> origin_;
    TlsSessions* sessions_ = nullptr;
    int end_ = 1;  // what `read` answers from now on; 1: it goes on
};

}  // namespace parapet
