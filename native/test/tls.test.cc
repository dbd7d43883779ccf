// Links: ssl crypto
// TLS connections in memory: both ends in one thread, bytes handed over in whatever pieces a test likes.
#include "core/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cstring>

#include "check.h"
#include "core/contract.gen.h"
#include "core/tls_context.h"
#include "core/tls_make.h"

using namespace parapet;

namespace {

MadeCertificate certificate_for(const std::string& name) {
    MadeCertificate made;
    (void)make_certificate({name, "127.0.0.1"}, 2, made);
    return made;
}

TlsListenerOptions listener_options(const MadeCertificate& made, const std::string& name) {
    TlsListenerOptions options;
    options.session_seconds = 600;
    options.certificates.push_back({made.certificate, made.key, {name}});
    return options;
}

/// A listener and an origin that believes it, each with the buffers of a thread of its own.
struct Pair {
    MadeCertificate made = certificate_for("site.test");
    std::string fault;
    TlsIo server_io;
    TlsIo client_io;
    TlsSessions sessions;
    std::shared_ptr<const TlsListener> listener = TlsListener::create(listener_options(made, "site.test"), fault);
    std::shared_ptr<const TlsTrust> trust = TlsTrust::create(made.certificate, true, fault);
    std::shared_ptr<const TlsOrigin> origin;
    std::unique_ptr<Tls> server;
    std::unique_ptr<Tls> client;

    explicit Pair(const std::string& server_name = "site.test") {
        server_io.ticket_keys.emplace_back();
        TlsOriginOptions options;
        options.server_name = server_name;
        origin = TlsOrigin::create(options, trust, fault);
        meet();
    }

    void meet() {
        server = Tls::accept(server_io, listener);
        client = Tls::connect(client_io, origin, sessions);
    }

    /// Steps of one side with bytes of the other, `piece_bytes` at a time; what it has to say.
    static std::vector<std::uint8_t> step(Tls& tls, std::span<const std::uint8_t> bytes, std::size_t piece_bytes) {
        std::vector<std::uint8_t> out;
        do {
            const auto piece = bytes.first(std::min(piece_bytes, bytes.size()));
            bytes = bytes.subspan(piece.size());
            tls.io().begin(-1, piece, 0, false);
            std::uint8_t room[64];
            if (tls.open) (void)tls.read(room);
            else (void)tls.handshake();
            out.insert(out.end(), tls.io().out.begin(), tls.io().out.end());
        } while (!bytes.empty());
        return out;
    }

    void shake(std::size_t piece_bytes = 1 << 16) {
        std::vector<std::uint8_t> flight = step(*client, {}, piece_bytes);
        for (int turn = 0; turn < 6 && !flight.empty(); ++turn) {
            flight = step(*server, flight, piece_bytes);
            if (flight.empty()) break;
            flight = step(*client, flight, piece_bytes);
        }
    }

    std::vector<std::uint8_t> sealed(Tls& by, std::string_view text) {
        by.io().begin();
        (void)by.seal({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
        return by.io().out;
    }
};

}  // namespace

TEST(a_handshake_and_data_in_any_pieces) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{1500}, std::size_t{1} << 16}) {
        Pair pair;
        pair.shake(piece);
        CHECK(pair.server->open && pair.client->open);
        CHECK_EQ(pair.server->protocol, 2);
        CHECK(pair.server->cipher > 0);
        const auto bytes = pair.sealed(*pair.client, "hello");
        std::uint8_t room[16];
        std::size_t got = 0;
        for (const std::uint8_t byte : bytes) {
            pair.server_io.begin(-1, {&byte, 1}, 0, false);
            const int n = pair.server->read({room + got, sizeof room - got});
            CHECK(n > 0 || n == -1);
            if (n > 0) got += static_cast<std::size_t>(n);
        }
        CHECK_EQ(std::string(reinterpret_cast<char*>(room), got), std::string("hello"));
    }
}

TEST(what_the_reader_has_no_room_for_is_given_back) {
    Pair pair;
    pair.shake();
    std::vector<std::uint8_t> bytes;
    for (int i = 0; i < 5; ++i) {
        const auto record = pair.sealed(*pair.client, "0123456789");
        bytes.insert(bytes.end(), record.begin(), record.end());
    }
    std::string text;
    std::span<const std::uint8_t> rest = bytes;
    while (text.size() < 50) {
        std::uint8_t room[4];
        pair.server_io.begin(-1, rest, 0, false);
        const int n = pair.server->read(room);
        CHECK(n > 0);
        text.append(reinterpret_cast<char*>(room), static_cast<std::size_t>(n));
        rest = pair.server_io.in;
    }
    CHECK(rest.empty() && !pair.server->has_more());
    CHECK_EQ(text, std::string("01234567890123456789012345678901234567890123456789"));
}

TEST(a_goodbye_is_told_from_an_end_without_one) {
    Pair pair;
    pair.shake();
    pair.client_io.begin();
    pair.client->say_goodbye();
    const auto goodbye = pair.client_io.out;
    std::uint8_t room[8];
    pair.server_io.begin(-1, goodbye, 0, false);
    CHECK_EQ(pair.server->read(room), 0);
    CHECK(pair.server->has_more());
    Pair other;
    other.shake();
    other.server_io.begin();
    other.server_io.ended = true;
    CHECK_EQ(other.server->read(room), -3);
    CHECK_EQ(other.server->read(room), -3);
}

TEST(a_changed_byte_ends_the_connection) {
    Pair pair;
    pair.shake();
    auto bytes = pair.sealed(*pair.client, "hello");
    bytes.back() ^= 1;
    std::uint8_t room[8];
    pair.server_io.begin(-1, bytes, 0, false);
    CHECK_EQ(pair.server->read(room), -2);
    CHECK(!pair.server_io.out.empty());  // an alert
    CHECK_EQ(ERR_peek_error(), 0ul);
}

TEST(sessions_are_resumed_again_and_again) {
    Pair pair;
    for (int turn = 0; turn < 4; ++turn) {
        if (turn > 0) pair.meet();
        pair.shake();
        CHECK(pair.server->open && pair.client->open);
        CHECK_EQ(pair.client->resumed, turn > 0);
        CHECK_EQ(pair.server->resumed, turn > 0);
    }
}

TEST(a_ticket_needs_its_key) {
    Pair pair;
    pair.shake();
    // The next key: the old one still opens.
    TicketKey next;
    std::memset(next.name, 1, sizeof next.name);
    pair.server_io.ticket_keys.insert(pair.server_io.ticket_keys.begin(), next);
    pair.meet();
    pair.shake();
    CHECK(pair.server->resumed);
    // Neither is there any more.
    TicketKey other;
    std::memset(other.name, 2, sizeof other.name);
    pair.server_io.ticket_keys = {other};
    pair.meet();
    pair.shake();
    CHECK(pair.server->open);
    CHECK(!pair.server->resumed);
}

TEST(garbage_fails_and_leaves_no_error_behind) {
    const std::vector<std::vector<std::uint8_t>> rows = {
        {0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0}, {0x80, 1, 2, 3, 4}, {0x15, 3, 1, 0, 2, 2, 40}, {0x17, 3, 3, 0xff, 0xff, 0}, {0, 0, 0, 0, 0, 0}};
    for (const auto& bytes : rows) {
        Pair pair;
        pair.server_io.begin(-1, bytes, 0, false);
        CHECK(pair.server->handshake() == TlsStep::failed);
        CHECK(pair.server->fault != TlsFault::none);
        CHECK_EQ(ERR_peek_error(), 0ul);
    }
}

TEST(a_name_that_the_certificate_does_not_carry_is_refused) {
    Pair pair("else.test");
    pair.shake();
    CHECK(!pair.client->open);
    CHECK_EQ(pair.client->fail_cause, fail_cause::tls_certificate_error);
    CHECK_EQ(std::string(fail_details[pair.client->fail_detail]), std::string("hostname mismatch"));
    Pair address("127.0.0.1");
    address.shake();
    CHECK(address.client->open);
}

TEST(what_cannot_be_used_says_why_and_nothing_of_the_key) {
    const MadeCertificate one = certificate_for("one.test");
    const MadeCertificate two = certificate_for("two.test");
    std::string fault;
    CHECK(TlsListener::create(listener_options({one.certificate, two.key}, "one.test"), fault) == nullptr);
    CHECK_EQ(fault, std::string("certificates[0]: the key is not that of the certificate"));
    CHECK(TlsListener::create(listener_options({"nothing", one.key}, "one.test"), fault) == nullptr);
    CHECK(TlsListener::create(listener_options({one.certificate, "nothing"}, "one.test"), fault) == nullptr);
    CHECK(TlsTrust::create("nothing", false, fault) == nullptr);
    CHECK_EQ(ERR_peek_error(), 0ul);
}

PARAPET_TEST_MAIN
