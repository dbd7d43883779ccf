// Objects at rest: whole keys, versions, markers, purges, pins, growth of the index.
#include <set>
#include <thread>

#include "core/store/inside.h"
#include "test/check.h"
#include "test/store_rig.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

using namespace parapet::store;
namespace object_flag = parapet::object_flag;

TEST(an_object_comes_back_as_it_was_put) {
  Rig rig;
  CHECK(rig.look("/a").state == LookupState::miss);
  const std::string body = body_of("/a", 1024);
  CHECK(rig.put("/a", body, "content-type: text/plain"));
  const LookupResult found = rig.look("/a");
  CHECK(found.state == LookupState::object);
  CHECK(!found.filling);
  CHECK_EQ(text_of(found.view.key), "/a");
  CHECK_EQ(text_of(found.view.head), "content-type: text/plain");
  CHECK(text_of(found.view.body) == body);
  CHECK_EQ(found.view.body_length, 1024u);
  CHECK_EQ(found.view.meta.status, 200);
  CHECK_EQ(found.view.meta.fresh_until, rig.now + 60);
  rig.store->unpin(0, found.ref);
  CHECK_EQ(rig.store->stats().pins, 0u);
  // Key, head and body of a small object share one chunk: 1024 + 24 + 2 + 32 bytes are five granules.
  CHECK_EQ(rig.store->stats().bytes_objects, 5u * 256);
}

TEST(bodies_of_any_length_come_back) {
  Rig rig;
  for (const std::size_t length : {std::size_t{0}, std::size_t{1}, std::size_t{31}, std::size_t{32 * 1024}, std::size_t{32 * 1024 + 1}, std::size_t{300'000}, std::size_t{1'500'000}}) {
    for (const bool is_known : {true, false}) {
      const std::string key = "/" + std::to_string(length) + (is_known ? "k" : "u");
      CHECK(rig.put(key, body_of(key, length), "h", is_known));
      CHECK(rig.get(key) == body_of(key, length));
    }
  }
}

TEST(what_is_not_needed_at_the_end_of_a_body_is_given_back) {
  Rig rig;
  CHECK(rig.put("/a", body_of("a", 20'000), "h", false));
  CHECK(rig.store->stats().bytes_objects <= 20'000u + 4 * 256);
}

TEST(keys_with_one_hash_are_kept_apart) {
  Rig rig;
  constexpr std::uint64_t same = 0x1234567890abcdef;
  for (int i = 0; i < 40; ++i) {
    const std::string key = "/same/" + std::to_string(i);
    const FillResult begun = rig.store->begin_fill({same, bytes_of(key), 0, 0, rig.now, {}}, nullptr);
    CHECK(begun.kind == FillKind::leader);
    CHECK(rig.store->set_head(begun.fill, bytes_of("h"), rig.meta(), key.size()) == HeadState::ok);
    CHECK_EQ(rig.write(begun.fill, key), key.size());
    CHECK(rig.store->complete(begun.fill));
  }
  for (int i = 0; i < 40; i += 2) CHECK_EQ(rig.store->purge(same, bytes_of("/same/" + std::to_string(i)), false), 1u);
  for (int i = 0; i < 40; ++i) {
    const std::string key = "/same/" + std::to_string(i);
    const LookupResult found = rig.store->lookup(0, same, bytes_of(key), rig.now);
    CHECK_EQ(found.state == LookupState::object, i % 2 == 1);
    if (found.ref) {
      CHECK_EQ(text_of(found.view.body), key);
      rig.store->unpin(0, found.ref);
    }
  }
}

TEST(one_hash_for_more_keys_than_a_segment_holds_is_refused_not_fatal) {
  Rig rig;
  int refused = 0;
  for (int i = 0; i < 600; ++i) {
    const std::string key = "/same/" + std::to_string(i);
    const FillResult begun = rig.store->begin_fill({42, bytes_of(key), 0, 0, rig.now, {}}, nullptr);
    if (begun.kind == FillKind::pass) {
      refused += 1;
      continue;
    }
    rig.store->set_head(begun.fill, {}, rig.meta(), 0);
    CHECK(rig.store->complete(begun.fill));
  }
  CHECK(refused > 0);
  CHECK_EQ(rig.store->stats().objects, 600u - static_cast<unsigned>(refused));
}

TEST(the_index_grows_and_shrinks_to_nothing) {
  Config config;
  config.bytes_max = 64u << 20;
  Rig rig(config);
  constexpr int many = 60'000;
  for (int i = 0; i < many; ++i) CHECK(rig.put("/k/" + std::to_string(i), "x"));
  const Stats full = rig.store->stats();
  CHECK_EQ(full.objects, many);
  for (int i = 0; i < many; i += 3) CHECK_EQ(rig.store->purge(hash_of("/k/" + std::to_string(i)), bytes_of("/k/" + std::to_string(i)), false), 1u);
  for (int i = 0; i < many; ++i) CHECK_EQ(rig.has("/k/" + std::to_string(i)), i % 3 != 0);
  for (int i = 0; i < many; ++i) rig.store->purge(hash_of("/k/" + std::to_string(i)), bytes_of("/k/" + std::to_string(i)), false);
  const Stats empty = rig.store->stats();
  CHECK_EQ(empty.objects, 0u);
  CHECK_EQ(empty.bytes_objects, 0u);
}

TEST(a_new_version_takes_the_place_of_the_old_which_its_readers_keep) {
  Rig rig;
  CHECK(rig.put("/a", body_of("old", 100'000)));
  const LookupResult old = rig.look("/a");
  Reader reader;
  rig.store->open_reader(0, old.ref, reader);
  const FillResult begun = rig.begin("/a", 1, nullptr, old.ref);
  CHECK(begun.kind == FillKind::leader);
  const LookupResult during = rig.look("/a");
  CHECK(during.state == LookupState::object);
  CHECK(during.filling);
  rig.store->unpin(0, during.ref);
  const std::string fresh = body_of("new", 70'000);
  rig.store->set_head(begun.fill, bytes_of("h2"), rig.meta(), fresh.size());
  CHECK_EQ(rig.write(begun.fill, fresh), fresh.size());
  CHECK(rig.store->complete(begun.fill));
  CHECK(rig.get("/a") == fresh);
  CHECK_EQ(rig.store->stats().objects, 1u);
  CHECK(rig.store->stats().bytes_unlinked >= 100'000u);
  ReadState state = ReadState::wait;
  CHECK(Rig::drain(reader, state) == body_of("old", 100'000));
  CHECK(state == ReadState::end);
  reader.close();
  CHECK_EQ(rig.store->stats().bytes_unlinked, 0u);
}

TEST(a_pin_keeps_bytes_alive_and_the_last_one_frees_them) {
  Rig rig;
  CHECK(rig.put("/a", "body of a"));
  const LookupResult found = rig.look("/a");
  CHECK_EQ(rig.store->purge(hash_of("/a"), bytes_of("/a"), false), 1u);
  CHECK(rig.look("/a").state == LookupState::miss);
  CHECK_EQ(text_of(found.view.body), "body of a");
  CHECK(rig.store->stats().bytes_unlinked > 0);
  CHECK(rig.store->pin(0, found.ref));
  rig.store->unpin(0, found.ref);
  [[maybe_unused]] const std::uint8_t* bytes = found.view.body.data();
#if defined(__SANITIZE_ADDRESS__)
  CHECK(__asan_address_is_poisoned(bytes) == 0);
#endif
  rig.store->unpin(0, found.ref);
#if defined(__SANITIZE_ADDRESS__)
  CHECK(__asan_address_is_poisoned(bytes) == 1);
#endif
  CHECK_EQ(rig.store->stats().bytes_objects, 0u);
  CHECK(!rig.store->pin(0, found.ref));
}

TEST(an_old_handle_never_names_a_new_object) {
  Rig rig;
  std::set<std::uint32_t> generations;
  ObjectRef first;
  for (int i = 0; i < 1000; ++i) {
    CHECK(rig.put("/a", "x"));
    const LookupResult found = rig.look("/a");
    if (i == 0) first = found.ref;
    CHECK(generations.insert(found.ref.generation).second);
    rig.store->unpin(0, found.ref);
    rig.store->purge(hash_of("/a"), bytes_of("/a"), false);
  }
  CHECK(!rig.store->pin(0, first));
  CHECK(!rig.store->pin(0, {0xffff'fff0, 1}));
  CHECK(!rig.store->pin(0, {}));
}

TEST(a_304_makes_a_new_version_with_the_same_body) {
  Rig rig;
  const std::string body = body_of("a", 50'000);
  CHECK(rig.put("/a", body, "old head"));
  rig.now += 100;
  const LookupResult old = rig.look("/a");
  Reader leader;
  Reader follower;
  const FillResult begun = rig.begin("/a", 1, &leader, old.ref);
  CHECK(begun.kind == FillKind::leader);
  CHECK(rig.begin("/a", 2, &follower, old.ref).kind == FillKind::follower);
  CHECK(rig.store->follow_state(follower) == FollowState::waiting);
  const std::uint64_t before = rig.store->stats().bytes_objects;
  const ObjectRef fresh = rig.store->refresh(1, old.ref, begun.fill, bytes_of("new head"), rig.meta());
  CHECK(fresh);
  CHECK(rig.was_told(2));
  CHECK(rig.store->stats().bytes_objects <= before + 512);
  CHECK(rig.store->follow_state(follower) == FollowState::head);
  CHECK(follower.object() == fresh);
  ReadState state = ReadState::wait;
  CHECK(Rig::drain(follower, state) == body);
  CHECK(state == ReadState::end);
  const LookupResult found = rig.look("/a");
  CHECK(found.ref == fresh);
  CHECK(!found.filling);
  CHECK_EQ(text_of(found.view.head), "new head");
  CHECK_EQ(text_of(old.view.head), "old head");
  CHECK_EQ(found.view.meta.fresh_until, rig.now + 60);
  rig.store->unpin(0, found.ref);
  rig.store->unpin(0, old.ref);
  rig.store->unpin(1, fresh);
  leader.close();
  follower.close();
  CHECK(rig.get("/a") == body);
  CHECK_EQ(rig.store->stats().pins, 0u);
  CHECK_EQ(rig.store->stats().fills_active, 0u);
  rig.store->purge(hash_of("/a"), bytes_of("/a"), false);
  CHECK_EQ(rig.store->stats().bytes_objects, 0u);
}

TEST(refreshing_again_and_again_keeps_the_books) {
  Rig rig;
  for (const std::size_t length : {std::size_t{0}, std::size_t{1000}, std::size_t{100'000}}) {
    CHECK(rig.put("/a", body_of("a", length)));
    for (int i = 0; i < 50; ++i) {
      const LookupResult old = rig.look("/a");
      const ObjectRef fresh = rig.store->refresh(0, old.ref, {}, bytes_of(std::string(static_cast<std::size_t>(i * 40), 'h')), rig.meta());
      CHECK(fresh);
      rig.store->unpin(0, old.ref);
      rig.store->unpin(0, fresh);
      CHECK_EQ(rig.store->stats().bytes_unlinked, 0u);
    }
    CHECK(rig.get("/a") == body_of("a", length));
    rig.store->purge(hash_of("/a"), bytes_of("/a"), false);
    CHECK_EQ(rig.store->stats().bytes_objects, 0u);
  }
}

TEST(a_304_that_comes_after_a_purge_is_served_but_not_kept) {
  Rig rig;
  CHECK(rig.put("/a", "body"));
  rig.now += 100;
  const LookupResult old = rig.look("/a");
  const FillResult begun = rig.begin("/a", 0, nullptr, old.ref);
  CHECK_EQ(rig.store->purge(hash_of("/a"), bytes_of("/a"), false), 2u);
  const ObjectRef fresh = rig.store->refresh(0, old.ref, begun.fill, bytes_of("h"), rig.meta());
  ObjectView view;
  CHECK(rig.store->view(fresh, view));
  CHECK_EQ(text_of(view.body), "body");
  CHECK(rig.look("/a").state == LookupState::miss);
  rig.store->unpin(0, old.ref);
  rig.store->unpin(0, fresh);
  CHECK_EQ(rig.store->stats().bytes_objects, 0u);
}

TEST(markers_are_found_as_what_they_are_until_their_time_is_over) {
  Rig rig;
  ObjectMeta meta = rig.meta(10);
  meta.flags = object_flag::vary_marker;
  const ObjectRef marker = rig.store->put_marker(hash_of("/v"), bytes_of("/v"), bytes_of("accept"), meta, rig.now);
  CHECK(marker);
  const LookupResult found = rig.look("/v");
  CHECK(found.state == LookupState::varies);
  CHECK(found.ref == marker);
  CHECK_EQ(text_of(found.view.head), "accept");
  rig.store->unpin(0, found.ref);
  meta.fresh_until += 20;
  CHECK(rig.store->put_marker(hash_of("/v"), bytes_of("/v"), bytes_of("accept"), meta, rig.now) == marker);
  CHECK(!(rig.store->put_marker(hash_of("/v"), bytes_of("/v"), bytes_of("accept, cookie"), meta, rig.now) == marker));
  const FillResult begun = rig.begin("/v");
  CHECK(begun.kind == FillKind::varies);
  rig.store->unpin(0, begun.object);
  meta.flags = object_flag::pass_marker;
  rig.store->put_marker(hash_of("/v"), bytes_of("/v"), {}, meta, rig.now);
  CHECK(rig.look("/v").state == LookupState::pass);
  CHECK(rig.begin("/v").kind == FillKind::pass);
  CHECK_EQ(rig.store->stats().objects, 1u);
  rig.now += 31;
  CHECK(rig.look("/v").state == LookupState::miss);
  const FillResult after = rig.begin("/v");
  CHECK(after.kind == FillKind::leader);
  rig.store->abort(after.fill, AbortCause::released);
  CHECK_EQ(rig.store->stats().pins, 0u);
}

TEST(a_response_that_may_be_stored_takes_the_place_of_a_hit_for_miss_marker) {
  Rig rig;
  ObjectMeta meta = rig.meta();
  meta.flags = object_flag::pass_marker;
  rig.store->put_marker(hash_of("/v"), bytes_of("/v"), {}, meta, rig.now);
  CHECK(rig.begin("/v").kind == FillKind::pass);
  FillRequest request{hash_of("/v"), bytes_of("/v"), 0, 0, rig.now, {}};
  request.is_storable = true;
  const FillResult begun = rig.store->begin_fill(request, nullptr);
  CHECK(begun.kind == FillKind::leader);
  CHECK(rig.look("/v").state == LookupState::pass);
  CHECK(rig.store->set_head(begun.fill, bytes_of("head"), rig.meta(), 1) == HeadState::ok);
  CHECK_EQ(rig.write(begun.fill, "x"), 1u);
  rig.store->complete(begun.fill);
  const LookupResult found = rig.look("/v");
  CHECK(found.state == LookupState::object);
  rig.store->unpin(0, found.ref);
  CHECK_EQ(rig.store->stats().objects, 1u);
  CHECK_EQ(rig.store->stats().pins, 0u);
}

TEST(a_purge_is_hard_or_soft) {
  Rig rig;
  CHECK(rig.put("/a", "x"));
  CHECK_EQ(rig.store->purge(hash_of("/a"), bytes_of("/a"), true), 1u);
  const LookupResult found = rig.look("/a");
  CHECK(found.state == LookupState::object);
  CHECK(found.view.meta.fresh_until < rig.now);
  rig.store->unpin(0, found.ref);
  CHECK_EQ(rig.store->purge(hash_of("/a"), bytes_of("/a"), false), 1u);
  CHECK_EQ(rig.store->purge(hash_of("/a"), bytes_of("/a"), false), 0u);
  CHECK(rig.look("/a").state == LookupState::miss);
}

TEST(a_purge_of_all_takes_effect_at_the_next_look_up) {
  Rig rig;
  for (int i = 0; i < 100; ++i) CHECK(rig.put("/" + std::to_string(i), "x"));
  rig.store->purge_all(true);
  LookupResult found = rig.look("/5");
  CHECK(found.view.meta.fresh_until < rig.now);
  rig.store->unpin(0, found.ref);
  CHECK(rig.put("/5", "y"));
  found = rig.look("/5");
  CHECK_EQ(found.view.meta.fresh_until, rig.now + 60);
  rig.store->unpin(0, found.ref);
  rig.store->purge_all(false);
  for (int i = 0; i < 50; ++i) CHECK(rig.look("/" + std::to_string(i)).state == LookupState::miss);
  CHECK(rig.put("/7", "z"));
  CHECK_EQ(rig.get("/7"), "z");
  CHECK_EQ(rig.store->stats().objects, 51u);
}

TEST(a_shard_whose_lock_died_with_its_holder_is_emptied_and_goes_on) {
  Rig rig;
  for (int i = 0; i < 500; ++i) CHECK(rig.put("/" + std::to_string(i), body_of("x", 500)));
  const LookupResult pinned = rig.look("/3");
  Reader follower;
  const FillResult filling = rig.begin("/filling", 1, &follower);
  std::thread([&] {
    const Inside in(*rig.store);
    Shard& shard = in.shard_for(hash_of("/3"));
    shard.lock.take();
    shard.small.oldest = 77;
    shard.free_entry = 1;
  }).join();
  CHECK(rig.look("/3").state == LookupState::miss);
  CHECK_EQ(text_of(pinned.view.body), body_of("x", 500));
  rig.store->unpin(0, pinned.ref);
  CHECK(rig.store->set_head(filling.fill, bytes_of("h"), rig.meta(), 4) == HeadState::ok);
  CHECK_EQ(rig.write(filling.fill, "body"), 4u);
  CHECK(!rig.store->complete(filling.fill));
  ReadState state = ReadState::wait;
  CHECK_EQ(Rig::drain(follower, state), "body");
  follower.close();
  CHECK_EQ(rig.store->stats().bytes_objects, 0u);
  CHECK_EQ(rig.store->stats().recovered, 1u);
  for (int i = 0; i < 500; ++i) CHECK(rig.put("/" + std::to_string(i), body_of("y", 500)));
  for (int i = 0; i < 500; ++i) CHECK(rig.get("/" + std::to_string(i)) == body_of("y", 500));
}

TEST(the_process_has_one_store) {
  Config config;
  config.bytes_max = 2u << 20;
  CHECK(Store::current() == nullptr);
  Store* first = Store::open(config);
  CHECK(first != nullptr);
  CHECK(Store::open(config) == first);
  Store::close();
  CHECK(Store::current() == first);
  Store::close();
  CHECK(Store::current() == nullptr);
  config.bytes_max = 1000;
  CHECK(Store::open(config) == nullptr);
}

PARAPET_TEST_MAIN
