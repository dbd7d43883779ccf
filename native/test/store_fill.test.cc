// Fills: one leader, followers that read along, what happens when either leaves, the window.
#include <utility>

#include "test/check.h"
#include "test/store_rig.h"

using namespace parapet::store;

namespace {

Config small_objects() {
  Config config;
  config.bytes_max = 4u << 20;
  config.object_bytes_max = 256 * 1024;
  config.window_bytes = 64 * 1024;
  return config;
}

}  // namespace

TEST(one_leads_and_the_others_follow_from_the_first_byte) {
  Rig rig;
  Reader own;
  const FillResult lead = rig.store->begin_fill({hash_of("/a"), bytes_of("/a"), 1, 99, rig.now, {}}, &own);
  CHECK(lead.kind == FillKind::leader);
  CHECK_EQ(rig.store->leader_tag(lead.fill), 99u);
  CHECK(rig.store->object_of(lead.fill) == lead.object);
  CHECK(rig.look("/a").state == LookupState::filling);
  Reader follower;
  const FillResult follow = rig.begin("/a", 2, &follower);
  CHECK(follow.kind == FillKind::follower);
  CHECK(follow.object == lead.object);
  CHECK(rig.store->follow_state(follower) == FollowState::waiting);
  CHECK(rig.notes.empty());
  CHECK(rig.store->set_head(lead.fill, bytes_of("head"), rig.meta(), unknown_length) == HeadState::ok);
  CHECK_EQ(rig.notes.size(), 1u);
  CHECK_EQ(rig.notes[0].worker, 2u);
  CHECK_EQ(rig.notes[0].index, lead.object.index);
  CHECK_EQ(rig.notes[0].generation, lead.object.generation);
  rig.notes.clear();
  CHECK(rig.store->follow_state(follower) == FollowState::head);
  ObjectView view;
  CHECK(rig.store->view(follower.object(), view));
  CHECK(!view.complete);
  CHECK_EQ(view.body_length, unknown_length);
  CHECK_EQ(text_of(view.head), "head");
  ReadState state = ReadState::end;
  CHECK_EQ(Rig::drain(follower, state), "");
  CHECK(state == ReadState::wait);
  CHECK_EQ(rig.write(lead.fill, "first"), 5u);
  CHECK(rig.was_told(2));
  CHECK_EQ(Rig::drain(follower, state), "first");
  CHECK(state == ReadState::wait);
  CHECK_EQ(rig.write(lead.fill, " second"), 7u);
  CHECK(rig.store->complete(lead.fill));
  CHECK(rig.was_told(2));
  CHECK_EQ(Rig::drain(follower, state), " second");
  CHECK(state == ReadState::end);
  CHECK_EQ(Rig::drain(own, state), "first second");
  CHECK_EQ(rig.get("/a"), "first second");
  own.close();
  follower.close();
  CHECK_EQ(rig.store->stats().collapsed, 1u);
  CHECK_EQ(rig.store->stats().fills_active, 0u);
  CHECK_EQ(rig.store->stats().pins, 0u);
}

TEST(notifications_come_once_for_each_time_that_a_worker_armed) {
  Rig rig;
  const FillResult lead = rig.begin("/a");
  Reader one;
  Reader two;
  rig.begin("/a", 3, &one);
  rig.begin("/a", 3, &two);
  CHECK(rig.store->follow_state(one) == FollowState::waiting);
  CHECK(rig.store->follow_state(two) == FollowState::waiting);
  rig.store->set_head(lead.fill, {}, rig.meta(), unknown_length);
  CHECK_EQ(rig.notes.size(), 1u);
  rig.write(lead.fill, "x");
  rig.write(lead.fill, "y");
  CHECK_EQ(rig.notes.size(), 1u);
  rig.store->abort(lead.fill, AbortCause::failed_after_head);
}

TEST(followers_learn_why_there_is_nothing_to_follow) {
  const std::pair<AbortCause, FollowState> rows[] = {
      {AbortCause::released, FollowState::released}, {AbortCause::elsewhere, FollowState::elsewhere}, {AbortCause::failed_before_head, FollowState::failed}};
  for (const auto& [cause, told] : rows) {
    Rig rig;
    const FillResult lead = rig.begin("/a");
    Reader follower;
    rig.begin("/a", 2, &follower);
    CHECK(rig.store->follow_state(follower) == FollowState::waiting);
    rig.store->abort(lead.fill, cause);
    CHECK(rig.was_told(2));
    CHECK(rig.store->follow_state(follower) == told);
    follower.close();
    CHECK(rig.look("/a").state == LookupState::miss);
    CHECK(rig.begin("/a", 2, &follower).kind == FillKind::leader);
    CHECK(follower.is_open());
    CHECK_EQ(rig.store->worker_died(5), 0u);
  }
}

TEST(after_the_head_a_failure_truncates_and_nothing_is_stored) {
  Rig rig;
  const FillResult lead = rig.begin("/a");
  Reader follower;
  rig.begin("/a", 2, &follower);
  rig.store->set_head(lead.fill, {}, rig.meta(), 100);
  rig.write(lead.fill, "some");
  ReadState state = ReadState::end;
  CHECK_EQ(Rig::drain(follower, state), "some");
  CHECK(!rig.store->complete(lead.fill));
  CHECK(rig.was_told(2));
  CHECK_EQ(Rig::drain(follower, state), "");
  CHECK(state == ReadState::aborted);
  follower.close();
  CHECK(rig.look("/a").state == LookupState::miss);
  CHECK_EQ(rig.store->stats().bytes_objects, 0u);
}

TEST(a_dead_worker_takes_its_fills_along) {
  Rig rig;
  const FillResult before = rig.begin("/before", 4);
  const FillResult after = rig.begin("/after", 4);
  const FillResult other = rig.begin("/other", 5);
  rig.store->set_head(after.fill, {}, rig.meta(), 100);
  Reader one;
  Reader two;
  rig.begin("/before", 1, &one);
  rig.begin("/after", 1, &two);
  CHECK(rig.store->follow_state(one) == FollowState::waiting);
  CHECK_EQ(rig.store->worker_died(4), 0u);
  CHECK(rig.was_told(1));
  CHECK(rig.store->follow_state(one) == FollowState::failed);
  Bytes bytes;
  CHECK(two.next(bytes) == ReadState::aborted);
  CHECK(before.kind == FillKind::leader);
  CHECK(rig.look("/other").state == LookupState::filling);
  rig.store->abort(other.fill, AbortCause::released);
  CHECK(rig.put("/x", "x"));
  const LookupResult leaked = rig.look("/x", 4);
  CHECK_EQ(rig.store->worker_died(4), 1u);
  rig.store->unpin(4, leaked.ref);
}

TEST(a_fill_that_ended_meanwhile_answers_the_late_comer) {
  Rig rig;
  CHECK(rig.look("/a").state == LookupState::miss);
  CHECK(rig.put("/a", "x"));
  Reader reader;
  const FillResult late = rig.begin("/a", 1, &reader);
  CHECK(late.kind == FillKind::object);
  CHECK(!reader.is_open());
  rig.store->open_reader(1, late.object, reader);
  ReadState state = ReadState::wait;
  CHECK_EQ(Rig::drain(reader, state), "x");
  reader.close();
  // What the caller has seen itself, or what is stale, is no answer.
  const LookupResult seen = rig.look("/a");
  FillResult again = rig.begin("/a", 1, nullptr, seen.ref);
  CHECK(again.kind == FillKind::leader);
  rig.store->abort(again.fill, AbortCause::released);
  rig.store->unpin(0, seen.ref);
  rig.now += 61;
  again = rig.begin("/a", 1);
  CHECK(again.kind == FillKind::leader);
  rig.store->abort(again.fill, AbortCause::released);
}

TEST(a_purge_lets_a_fill_go_on_but_does_not_keep_it) {
  for (int kind = 0; kind < 4; ++kind) {
    Rig rig;
    const FillResult lead = rig.begin("/a");
    Reader follower;
    rig.begin("/a", 1, &follower);
    rig.store->set_head(lead.fill, {}, rig.meta(), 4);
    if (kind < 2) CHECK_EQ(rig.store->purge(hash_of("/a"), bytes_of("/a"), kind == 1), 1u);
    else rig.store->purge_all(kind == 3);
    CHECK(rig.look("/a").state == LookupState::miss);
    const FillResult next = rig.begin("/a", 2);
    CHECK(next.kind == FillKind::leader);
    rig.write(lead.fill, "old!");
    CHECK(!rig.store->complete(lead.fill));
    ReadState state = ReadState::wait;
    CHECK_EQ(Rig::drain(follower, state), "old!");
    CHECK(state == ReadState::end);
    follower.close();
    rig.store->set_head(next.fill, {}, rig.meta(), 4);
    rig.write(next.fill, "new!");
    CHECK(rig.store->complete(next.fill));
    CHECK_EQ(rig.get("/a"), "new!");
  }
}

TEST(a_reader_opened_by_handle_joins_a_fill_or_learns_that_it_is_too_late) {
  Rig rig(small_objects());
  const std::string body = body_of("j", 400'000);
  Reader own;
  const FillResult lead = rig.begin("/a", 1, &own);
  rig.store->set_head(lead.fill, {}, rig.meta(), unknown_length);
  CHECK_EQ(rig.write(lead.fill, std::string_view(body).substr(0, 100'000)), 100'000u);
  CHECK(rig.store->pin(2, lead.object));
  Reader joined;
  rig.store->open_reader(2, lead.object, joined);
  ReadState state = ReadState::end;
  std::string got = Rig::drain(joined, state);
  CHECK(state == ReadState::wait);
  std::size_t written = 100'000;
  while (written < body.size()) {
    written += rig.write(lead.fill, std::string_view(body).substr(written));
    got += Rig::drain(joined, state);
    Rig::drain(own, state);
  }
  CHECK(rig.store->is_windowed(lead.fill));
  Reader late;
  Bytes bytes;
  CHECK(rig.store->pin(3, lead.object));
  rig.store->open_reader(3, lead.object, late);
  CHECK(late.next(bytes) == ReadState::aborted);
  late.close();
  rig.store->complete(lead.fill);
  CHECK(rig.store->pin(3, lead.object));
  rig.store->open_reader(3, lead.object, late);
  CHECK(late.next(bytes) == ReadState::aborted);
  got += Rig::drain(joined, state);
  CHECK(got == body);
  late.close();
  joined.close();
  own.close();
  CHECK_EQ(rig.store->stats().pins, 0u);
  CHECK_EQ(rig.store->stats().fills_active, 0u);
}

TEST(ranges_are_read_from_complete_objects_and_from_fills) {
  Rig rig;
  const std::string body = body_of("r", 700'000);
  const FillResult lead = rig.begin("/a");
  Reader early;
  rig.begin("/a", 1, &early);
  rig.store->set_head(lead.fill, {}, rig.meta(), body.size());
  early.range(500'000, 600'099);
  ReadState state = ReadState::end;
  CHECK_EQ(rig.write(lead.fill, std::string_view(body).substr(0, 550'000)), 550'000u);
  std::string got = Rig::drain(early, state);
  CHECK_EQ(got.size(), 50'000u);
  CHECK_EQ(early.position(), 550'000u);
  rig.write(lead.fill, std::string_view(body).substr(550'000));
  got += Rig::drain(early, state);
  CHECK(state == ReadState::end);
  CHECK(got == body.substr(500'000, 100'100));
  CHECK(rig.store->complete(lead.fill));
  for (const std::uint64_t first : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{262'111}, std::uint64_t{262'112}, std::uint64_t{699'999}}) {
    for (const std::uint64_t length : {std::uint64_t{1}, std::uint64_t{300'000}, std::uint64_t{700'000}}) {
      Reader reader;
      rig.store->open_reader(0, rig.look("/a").ref, reader);
      reader.range(first, first + length - 1);
      CHECK(Rig::drain(reader, state) == body.substr(first, length));
      CHECK(state == ReadState::end);
    }
  }
}

TEST(pieces_are_gathered_and_consumed_in_any_portion) {
  Rig rig;
  const std::string body = body_of("g", 900'000);
  CHECK(rig.put("/a", body));
  for (const std::uint64_t portion : {std::uint64_t{1000}, std::uint64_t{262'112}, std::uint64_t{400'000}, std::uint64_t{900'000}}) {
    Reader reader;
    rig.store->open_reader(0, rig.look("/a").ref, reader);
    reader.range(10, 899'989);
    std::string got;
    Bytes pieces[8];
    std::size_t count = 0;
    while (reader.gather(pieces, count) == ReadState::data) {
      std::string shown;
      for (std::size_t i = 0; i < count; ++i) shown += text_of(pieces[i]);
      CHECK_EQ(shown.size(), 899'990u - reader.position());
      const std::uint64_t n = std::min<std::uint64_t>(portion, shown.size());
      got += shown.substr(0, n);
      reader.advance(n);
    }
    CHECK(got == body.substr(10, 899'980));
  }
}

TEST(a_body_that_outgrows_the_limit_goes_on_through_a_window) {
  for (const bool is_length_known : {true, false}) {
    Rig rig(small_objects());
    const std::string body = body_of("w", 3'000'000);
    Reader fast;
    Reader slow;
    const FillResult lead = rig.begin("/a", 1, &fast);
    rig.begin("/a", 2, &slow);
    const HeadState head = rig.store->set_head(lead.fill, bytes_of("head"), rig.meta(), is_length_known ? body.size() : unknown_length);
    CHECK(head == (is_length_known ? HeadState::windowed : HeadState::ok));
    std::size_t written = 0;
    std::string got_fast;
    std::string got_slow;
    ReadState state = ReadState::wait;
    bool has_waited = false;
    std::uint64_t most = 0;
    while (written < body.size()) {
      const std::size_t n = rig.write(lead.fill, std::string_view(body).substr(written, 30'000));
      written += n;
      got_fast += Rig::drain(fast, state);
      if (rig.store->is_windowed(lead.fill)) most = std::max(most, written - got_slow.size());
      if (n < 30'000 && written < body.size()) {
        has_waited = true;
        std::span<std::uint8_t> room;
        CHECK(rig.store->writable(lead.fill, room) == WriteState::wait);
        rig.notes.clear();
        Bytes bytes;
        do {
          while (!rig.was_told(1)) {
            CHECK(slow.next(bytes) == ReadState::data);
            got_slow += text_of(bytes);
            slow.advance(bytes.size());
          }
        } while (rig.store->writable(lead.fill, room) == WriteState::wait);
      }
    }
    CHECK(has_waited);
    CHECK(most <= 256 * 1024 * 2 + 64 * 1024 + 30'000);
    CHECK(rig.begin("/a", 3).kind == FillKind::leader);
    CHECK(!rig.store->complete(lead.fill));
    got_fast += Rig::drain(fast, state);
    got_slow += Rig::drain(slow, state);
    CHECK(state == ReadState::end);
    CHECK(got_fast == body);
    CHECK(got_slow == body);
    ObjectView view;
    CHECK(rig.store->view(slow.object(), view));
    CHECK(!view.complete);
    CHECK_EQ(text_of(view.head), "head");
    CHECK_EQ(rig.store->stats().windowed, 1u);
  }
}

TEST(the_limit_of_an_object_is_exact_where_its_length_is_not_announced) {
  for (const std::size_t over : {std::size_t{0}, std::size_t{1}}) {
    Rig rig(small_objects());
    Reader own;
    const FillResult lead = rig.begin("/a", 1, &own);
    rig.store->set_head(lead.fill, {}, rig.meta(), unknown_length);
    const std::string body = body_of("l", 256 * 1024 + over);
    CHECK_EQ(rig.write(lead.fill, body), body.size());
    ReadState state = ReadState::wait;
    std::string got = Rig::drain(own, state);
    CHECK_EQ(rig.store->complete(lead.fill), over == 0);
    got += Rig::drain(own, state);
    CHECK(got == body);
    own.close();
  }
}

TEST(a_window_keeps_the_start_for_those_who_have_not_begun) {
  Rig rig(small_objects());
  const std::string body = body_of("w", 600'000);
  Reader own;
  Reader late;
  const FillResult lead = rig.begin("/a", 1, &own);
  rig.begin("/a", 2, &late);
  rig.store->set_head(lead.fill, {}, rig.meta(), body.size());
  std::size_t written = rig.write(lead.fill, body);
  CHECK(written < body.size());
  ReadState state = ReadState::wait;
  std::string got_own = Rig::drain(own, state);
  std::span<std::uint8_t> room;
  CHECK(rig.store->writable(lead.fill, room) == WriteState::wait);
  std::string got_late;
  while (written < body.size()) {
    got_late += Rig::drain(late, state);
    got_own += Rig::drain(own, state);
    written += rig.write(lead.fill, std::string_view(body).substr(written));
  }
  rig.store->complete(lead.fill);
  got_late += Rig::drain(late, state);
  got_own += Rig::drain(own, state);
  CHECK(got_late == body);
  CHECK(got_own == body);
  own.close();
  late.close();
  CHECK_EQ(rig.store->stats().bytes_objects, 0u);
}

TEST(a_window_without_readers_tells_its_leader) {
  Rig rig(small_objects());
  Reader own;
  const FillResult lead = rig.begin("/a", 1, &own);
  rig.store->set_head(lead.fill, {}, rig.meta(), 1'000'000);
  rig.write(lead.fill, body_of("w", 500'000));
  std::span<std::uint8_t> room;
  CHECK(rig.store->writable(lead.fill, room) == WriteState::wait);
  rig.notes.clear();
  own.close();
  CHECK(rig.was_told(1));
  CHECK(rig.store->writable(lead.fill, room) == WriteState::no_readers);
  rig.store->abort(lead.fill, AbortCause::failed_after_head);
  CHECK_EQ(rig.store->stats().bytes_objects, 0u);
  CHECK_EQ(rig.store->stats().fills_active, 0u);
}

TEST(a_body_for_which_there_is_no_room_goes_through_a_window) {
  Config config;
  config.bytes_max = 1u << 20;
  config.window_bytes = 64 * 1024;
  Rig rig(config);
  const std::string body = body_of("w", 1'000'000);
  Reader own;
  const FillResult lead = rig.begin("/a", 1, &own);
  CHECK(rig.store->set_head(lead.fill, {}, rig.meta(), body.size()) == HeadState::ok);
  std::string got;
  std::size_t written = 0;
  ReadState state = ReadState::wait;
  while (written < body.size()) {
    const std::size_t n = rig.write(lead.fill, std::string_view(body).substr(written));
    written += n;
    const std::size_t before = got.size();
    got += Rig::drain(own, state);
    CHECK(n > 0 || got.size() > before);
  }
  CHECK(rig.store->is_windowed(lead.fill));
  CHECK(!rig.store->complete(lead.fill));
  got += Rig::drain(own, state);
  CHECK(got == body);
}

TEST(when_pinned_and_unlinked_bytes_take_their_share_new_fills_pass) {
  Config config;
  config.bytes_max = 4u << 20;
  Rig rig(config);
  std::vector<ObjectRef> held;
  while (rig.store->stats().bytes_unlinked <= config.bytes_max / 4) {
    CHECK(rig.put("/a", body_of("a", 100'000)));
    held.push_back(rig.look("/a").ref);
    rig.store->purge(hash_of("/a"), bytes_of("/a"), false);
  }
  CHECK(rig.begin("/b").kind == FillKind::pass);
  CHECK(rig.store->stats().refused > 0);
  for (const ObjectRef ref : held) rig.store->unpin(0, ref);
  CHECK(rig.put("/b", "b"));
}

TEST(when_the_records_are_used_up_fills_pass) {
  Config config = Rig::small();
  config.fills_max = 4;
  Rig rig(config);
  FillResult begun[3];
  for (int i = 0; i < 3; ++i) {
    begun[i] = rig.begin("/" + std::to_string(i));
    CHECK(begun[i].kind == FillKind::leader);
  }
  CHECK(rig.begin("/more").kind == FillKind::pass);
  CHECK(rig.begin("/1").kind == FillKind::follower);
  rig.store->abort(begun[0].fill, AbortCause::released);
  const FillResult more = rig.begin("/more");
  CHECK(more.kind == FillKind::leader);
}

TEST(what_is_too_big_for_its_limit_is_refused) {
  Rig rig;
  CHECK(rig.begin(std::string(40'000, 'k')).kind == FillKind::pass);
  const FillResult lead = rig.begin("/a");
  CHECK(rig.store->set_head(lead.fill, bytes_of(std::string(300'000, 'h')), rig.meta(), 10) == HeadState::refused);
  rig.store->abort(lead.fill, AbortCause::released);
  CHECK_EQ(rig.store->stats().bytes_objects, 0u);
}

TEST(ten_thousand_fills_with_followers_leave_nothing_behind) {
  Rig rig;
  for (int i = 0; i < 10'000; ++i) {
    const std::string key = "/" + std::to_string(i % 700);
    const std::string body = body_of(key, static_cast<std::size_t>(i * 37 % 20'000));
    Reader readers[3];
    const LookupResult seen = rig.look(key);
    const FillResult lead = rig.begin(key, 0, &readers[0], seen.ref);
    CHECK(lead.kind == FillKind::leader);
    for (std::uint32_t r = 1; r < 3; ++r) CHECK(rig.begin(key, r, &readers[r], seen.ref).kind == FillKind::follower);
    if (seen.ref) rig.store->unpin(0, seen.ref);
    CHECK(rig.store->set_head(lead.fill, bytes_of(key), rig.meta(), i % 2 == 0 ? body.size() : unknown_length) == HeadState::ok);
    const std::string_view all = body;
    std::string got[3];
    ReadState state = ReadState::wait;
    CHECK_EQ(rig.write(lead.fill, all.substr(0, all.size() / 2)), all.size() / 2);
    got[1] = Rig::drain(readers[1], state);
    CHECK_EQ(rig.write(lead.fill, all.substr(all.size() / 2)), all.size() - all.size() / 2);
    if (i % 5 == 0) {
      rig.store->abort(lead.fill, AbortCause::failed_after_head);
    } else {
      CHECK(rig.store->complete(lead.fill));
      for (int r = 0; r < 3; ++r) {
        got[r] += Rig::drain(readers[r], state);
        CHECK(state == ReadState::end);
        CHECK(got[r] == body);
      }
    }
    rig.notes.clear();
  }
  const Stats stats = rig.store->stats();
  CHECK_EQ(stats.fills, 10'000u);
  CHECK_EQ(stats.fills_active, 0u);
  CHECK_EQ(stats.pins, 0u);
  CHECK_EQ(stats.bytes_unlinked, 0u);
  rig.store->purge_all(false);
  for (int i = 0; i < 700; ++i) rig.look("/" + std::to_string(i));
  CHECK_EQ(rig.store->stats().bytes_objects, 0u);
}

PARAPET_TEST_MAIN
