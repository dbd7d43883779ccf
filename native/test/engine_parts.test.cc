// The small parts that the engine is built from: timers, zones, addresses, the arena, counts per address, edits and heads.
#include <cstring>
#include <string>
#include <vector>

#include "core/address.h"
#include "core/arena.h"
#include "core/head_writer.h"
#include "core/http1_request.h"
#include "core/process.h"
#include "core/siphash.h"
#include "core/timers.h"
#include "core/zones.h"
#include "test/check.h"

using namespace parapet;

namespace {

/// An edit in the packed form of the contract.
void pack(std::vector<std::uint8_t>& out, std::int32_t op, std::int32_t id, const std::string& name, const std::string& value) {
    const auto name_length = static_cast<std::uint16_t>(name.size());
    const auto value_length = static_cast<std::uint32_t>(value.size());
    out.push_back(static_cast<std::uint8_t>(op));
    out.push_back(static_cast<std::uint8_t>(id));
    for (std::uint32_t i = 0; i < 2; ++i) out.push_back(static_cast<std::uint8_t>(name_length >> (8 * i)));
    for (std::uint32_t i = 0; i < 4; ++i) out.push_back(static_cast<std::uint8_t>(value_length >> (8 * i)));
    out.insert(out.end(), name.begin(), name.end());
    out.insert(out.end(), value.begin(), value.end());
    while (out.size() % 4 != 0) out.push_back(0);
}

/// A parsed request and the memory that it lies in.
struct Parsed {
    std::vector<std::uint8_t> raw;
    std::vector<std::int32_t> table;
    HeadTable head;
    explicit Parsed(const std::string& text) : raw(text.begin(), text.end()), table(2048) {
        http1::HeadScan scan;
        const auto result = http1::parse_request(raw, scan, table, {65536, 8192, 128});
        if (result.state == http1::Parse::ok) head = HeadTable(table.data(), raw.data());
    }
};

std::string fields_of(const Parsed& parsed, const std::vector<std::uint8_t>& packed, const FieldFilter& filter) {
    Edits edits;
    if (!edits.read(packed)) return "unreadable";
    std::uint8_t out[4096];
    ByteSink sink(out, sizeof out);
    write_fields(sink, parsed.head, edits, filter);
    edits.write_added(sink);
    return {reinterpret_cast<const char*>(out), sink.size()};
}

}  // namespace

TEST(a_timer_fires_once_at_its_deadline_and_not_before) {
    TimerWheel wheel;
    wheel.start(1000);
    TimerNode node;
    wheel.set(node, 1500);
    int fired = 0;
    wheel.advance(1490, [&](TimerNode&) { ++fired; });
    CHECK_EQ(fired, 0);
    wheel.advance(1540, [&](TimerNode&) { ++fired; });
    CHECK_EQ(fired, 1);
    wheel.advance(90'000, [&](TimerNode&) { ++fired; });
    CHECK_EQ(fired, 1);
}

TEST(a_deadline_can_move_both_ways_and_be_stopped) {
    TimerWheel wheel;
    wheel.start(0);
    TimerNode later;
    TimerNode sooner;
    TimerNode stopped;
    wheel.set(later, 100);
    wheel.set(later, 10'000);
    wheel.set(sooner, 60'000);
    wheel.set(sooner, 200);
    wheel.set(stopped, 100);
    TimerWheel::stop(stopped);
    std::vector<TimerNode*> fired;
    const auto note = [&](TimerNode& node) { fired.push_back(&node); };
    wheel.advance(300, note);
    CHECK_EQ(fired.size(), std::size_t{1});
    CHECK(fired[0] == &sooner);
    wheel.advance(10'100, note);
    CHECK_EQ(fired.size(), std::size_t{2});
    CHECK(fired[1] == &later);
}

TEST(a_stopped_timer_that_is_set_again_to_an_earlier_time_fires_then) {
    TimerWheel wheel;
    wheel.start(0);
    TimerNode node;
    wheel.set(node, 50'000);
    TimerWheel::stop(node);
    wheel.set(node, 100);
    int fired = 0;
    wheel.advance(200, [&](TimerNode&) { ++fired; });
    CHECK_EQ(fired, 1);
}

TEST(a_deadline_beyond_one_turn_of_the_wheel_holds) {
    TimerWheel wheel;
    wheel.start(0);
    TimerNode node;
    wheel.set(node, 600'000);
    int fired = 0;
    for (std::uint64_t now = 0; now < 599'000; now += 5000) wheel.advance(now, [&](TimerNode&) { ++fired; });
    CHECK_EQ(fired, 0);
    wheel.advance(601'000, [&](TimerNode&) { ++fired; });
    CHECK_EQ(fired, 1);
}

TEST(the_hash_is_siphash_1_3) {
    // Reference vectors of the Rust standard library's SipHasher13 tests: key 00..0f, input 00..(n-1).
    const HashKey key{0x0706050403020100ull, 0x0f0e0d0c0b0a0908ull};
    std::vector<std::uint8_t> in;
    const std::uint8_t expected0[8] = {0xdc, 0xc4, 0x0f, 0x05, 0x58, 0x01, 0xac, 0xab};
    std::uint64_t wanted = 0;
    std::memcpy(&wanted, expected0, 8);
    CHECK_EQ(siphash13(key, in), wanted);
    in.push_back(0);
    const std::uint8_t expected1[8] = {0x93, 0xca, 0x57, 0x7d, 0xf3, 0x9b, 0xf4, 0xc9};
    std::memcpy(&wanted, expected1, 8);
    CHECK_EQ(siphash13(key, in), wanted);
}

TEST(a_host_finds_its_zone_exact_first_then_the_longest_wildcard_then_the_catch_all) {
    Zones zones;
    zones.add_exact("example.com", 0);
    zones.add_wildcard("example.com", 1);
    zones.add_wildcard("deep.example.com", 2);
    CHECK_EQ(zones.find("example.com"), 0);
    CHECK_EQ(zones.find("example.com."), 0);
    CHECK_EQ(zones.find("www.example.com"), 1);
    CHECK_EQ(zones.find("a.b.example.com"), 1);
    CHECK_EQ(zones.find("a.deep.example.com"), 2);
    CHECK_EQ(zones.find("notexample.com"), -1);
    zones.set_catch_all(3);
    CHECK_EQ(zones.find("notexample.com"), 3);
    CHECK_EQ(zones.find(""), 3);
}

TEST(addresses_parse_and_print) {
    Address address;
    CHECK(Address::parse("127.0.0.1", 80, address));
    CHECK(address.is_v4());
    CHECK_EQ(address.text(), std::string("127.0.0.1"));
    for (const std::string text : {"0.0.0.0", "9.10.99.100", "255.255.255.255"}) {
        CHECK(Address::parse(text, 80, address));
        CHECK_EQ(address.text(), text);
    }
    CHECK(Address::parse("[2001:db8::1]", 443, address));
    CHECK(!address.is_v4());
    CHECK_EQ(address.text(), std::string("2001:db8::1"));
    CHECK(!Address::parse("example.com", 1, address));
    CHECK(!Address::parse("", 1, address));
    CHECK(Address::is_literal("127.0.0.1"));
    CHECK(Address::is_literal("2001:db8::1"));
    CHECK(!Address::is_literal("[2001:db8::1]"));
    CHECK(!Address::is_literal("1.example"));
    CHECK(!Address::parse("1.2.3.4.5", 1, address));
}

TEST(connections_are_counted_per_address_and_ipv6_per_network) {
    AddressCounts counts;
    Address a;
    Address b;
    CHECK(Address::parse("10.0.0.1", 1, a) && Address::parse("10.0.0.2", 1, b));
    CHECK(counts.enter(a, 2));
    CHECK(counts.enter(a, 2));
    CHECK(!counts.enter(a, 2));
    CHECK(counts.enter(b, 2));
    counts.leave(a);
    CHECK(counts.enter(a, 2));
    Address c;
    Address d;
    CHECK(Address::parse("2001:db8::1", 1, c) && Address::parse("2001:db8::ffff:1", 1, d));
    CHECK(counts.enter(c, 1));
    CHECK(!counts.enter(d, 1));
}

TEST(many_addresses_come_and_go_without_a_trace) {
    AddressCounts counts;
    std::vector<Address> all(5000);
    for (std::size_t i = 0; i < all.size(); ++i) {
        CHECK(Address::parse("10." + std::to_string(i >> 8 & 255) + "." + std::to_string(i & 255) + ".7", 1, all[i]));
        CHECK(counts.enter(all[i], 1));
    }
    for (const Address& address : all) CHECK(!counts.enter(address, 1));
    for (std::size_t i = 0; i < all.size(); i += 2) counts.leave(all[i]);
    for (std::size_t i = 0; i < all.size(); ++i) CHECK_EQ(counts.enter(all[i], 1), i % 2 == 0);
}

TEST(the_arena_gives_slabs_until_it_is_full_and_takes_them_back) {
    Arena arena;
    CHECK(arena.open(Arena::bytes_min));
    std::vector<Slab> slabs;
    for (;;) {
        const Slab slab = arena.allocate(1u << 20);
        if (!slab) break;
        CHECK_EQ(slab.capacity, 1u << 20);
        CHECK(slab.offset + slab.capacity <= arena.bytes());
        slabs.push_back(slab);
    }
    CHECK(slabs.size() > 8);
    CHECK(!arena.allocate((1u << 20) + 1));
    for (Slab& slab : slabs) arena.release(slab);
    CHECK_EQ(arena.slab_bytes_used(), std::uint64_t{0});
    Slab again = arena.allocate(1u << 20);
    CHECK(static_cast<bool>(again));
}

TEST(a_span_that_leaves_the_arena_is_empty) {
    Arena arena;
    CHECK(arena.open(Arena::bytes_min));
    CHECK_EQ(arena.checked(4096, 16).size(), std::size_t{16});
    CHECK(arena.checked(static_cast<std::int32_t>(Arena::bytes_min) - 8, 16).empty());
    CHECK(arena.checked(-4, 16).empty());
    CHECK(arena.checked(4096, -1).empty());
    CHECK(arena.checked(0x7fffffff, 0x7fffffff).empty());
}

TEST(hop_by_hop_fields_and_what_connection_names_do_not_cross) {
    const Parsed parsed("GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, X-Private\r\nKeep-Alive: 5\r\nX-Private: 1\r\nTE: gzip\r\n"
                        "Upgrade: foo\r\nProxy-Authorization: x\r\nX-Public: 2\r\n\r\n");
    FieldFilter filter;
    filter.drop_host = true;
    CHECK_EQ(fields_of(parsed, {}, filter), std::string("x-public: 2\r\n"));
}

TEST(edits_remove_set_and_append_in_order) {
    const Parsed parsed("GET / HTTP/1.1\r\nHost: a\r\nAccept: x\r\nX-One: 1\r\nX-Two: 2\r\n\r\n");
    std::vector<std::uint8_t> packed;
    pack(packed, edit_op::remove, known::accept, "", "");
    pack(packed, edit_op::set, 0, "x-one", "changed");
    pack(packed, edit_op::append, 0, "x-two", "more");
    pack(packed, edit_op::set, 0, "x-three", "taken back");
    pack(packed, edit_op::remove, 0, "x-three", "");
    FieldFilter filter;
    filter.drop_host = true;
    CHECK_EQ(fields_of(parsed, packed, filter), std::string("x-two: 2\r\nx-one: changed\r\nx-two: more\r\n"));
}

TEST(edits_that_are_cut_short_or_nonsense_are_refused) {
    std::vector<std::uint8_t> packed;
    pack(packed, edit_op::set, 0, "x-name", "value");
    Edits edits;
    CHECK(edits.read(packed));
    for (std::size_t length = 1; length < 8 + 6 + 5; ++length) CHECK(!edits.read({packed.data(), length}));
    packed[0] = 9;
    CHECK(!edits.read(packed));
    packed[0] = edit_op::set;
    packed[1] = 255;
    CHECK(!edits.read(packed));
}

TEST(a_date_is_written_as_rfc_9110_wants_it) {
    std::uint8_t out[64];
    ByteSink sink(out, sizeof out);
    write_date(sink, 784111777);
    CHECK_EQ(std::string(reinterpret_cast<const char*>(out), sink.size()), std::string("date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"));
}

TEST(a_sink_never_writes_past_its_end) {
    std::uint8_t out[8] = {};
    ByteSink sink(out, 4);
    sink.put("abc");
    CHECK(!sink.overflow());
    sink.put("de");
    CHECK(sink.overflow());
    CHECK_EQ(out[4], 0);
}

PARAPET_TEST_MAIN
