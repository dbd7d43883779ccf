// Purges of groups: what each reaches and what it leaves, soft ones, fills under way, a table that is too small.
#include <cstring>
#include <string>

#include "core/store/inside.h"
#include "core/store/key_parts.h"
#include "test/check.h"
#include "test/store_rig.h"

using namespace parapet::store;
namespace object_flag = parapet::object_flag;

namespace {

std::string key_of(std::uint32_t zone, std::string_view site, std::string_view rest) {
  std::string key(4, '\0');
  std::memcpy(key.data(), &zone, 4);
  return key + std::string(site) + std::string(1, '\0') + std::string(rest);
}

std::string url(std::string_view rest) { return key_of(7, "hshop.test", rest); }

std::vector<TagHash> hashes(std::initializer_list<std::string_view> tags) {
  std::vector<TagHash> all;
  for (const std::string_view tag : tags) all.push_back(hash_of_tag({}, bytes_of(tag)));
  return all;
}

bool put_tagged(Rig& rig, std::string_view key, const Tags& tags, std::size_t body = 100) {
  const FillResult begun = rig.begin(key);
  if (begun.kind != FillKind::leader) return false;
  if (rig.store->set_head(begun.fill, bytes_of("head"), rig.meta(), body, tags) != HeadState::ok) return false;
  return rig.write(begun.fill, body_of(key, body)) == body && rig.store->complete(begun.fill);
}

bool put_tagged(Rig& rig, std::string_view key, std::initializer_list<std::string_view> tags, std::size_t body = 100) {
  const auto all = hashes(tags);
  return put_tagged(rig, key, Tags{all, false}, body);
}

bool purge(Rig& rig, Group group, std::string_view text, bool soft = false, std::uint32_t zone = 7) {
  return rig.store->purge_group(group, zone, bytes_of(text), soft);
}

// Whether it is there and fresh.
bool is_fresh(Rig& rig, std::string_view key) {
  const LookupResult found = rig.look(key);
  if (found.ref) rig.store->unpin(0, found.ref);
  return found.state == LookupState::object && found.view.meta.fresh_until > rig.now;
}

}  // namespace

TEST(a_key_has_parts) {
  const std::string key = key_of(7, "s[::1]:8443", "/a/b?c=/d\x01origin=x");
  const KeyParts parts = parts_of(bytes_of(key));
  CHECK_EQ(text_of(parts.host), "[::1]");
  CHECK_EQ(text_of(parts.path), "/a/b");
  CHECK_EQ(text_of(parts.url), key.substr(0, key.find('\x01')));
  const std::string plain = key_of(1, "hshop.test:81", "/\x02....");
  CHECK_EQ(text_of(parts_of(bytes_of(plain)).host), "shop.test");
  CHECK_EQ(text_of(parts_of(bytes_of(plain)).path), "/");
  CHECK_EQ(text_of(parts_of(bytes_of("/a")).url), "/a");
  CHECK(parts_of(bytes_of("/a")).zone.empty());
}

TEST(a_prefix_is_whole_segments_of_the_path) {
  const auto reaches = [](std::string_view prefix, std::string_view rest) {
    Rig rig;
    if (!rig.put(url(rest), "x") || !rig.put(key_of(7, "hother.test", rest), "x") || !rig.put(key_of(8, "hshop.test", rest), "x")) return -1;
    if (!purge(rig, Group::prefix, prefix)) return -2;
    if (!rig.has(key_of(7, "hother.test", rest)) || !rig.has(key_of(8, "hshop.test", rest))) return -3;
    return rig.has(url(rest)) ? 0 : 1;
  };
  for (const char* rest : {"/a", "/a?q", "/a/", "/a/b", "/a/b/c?d=/e", "/a/?x"}) CHECK_EQ(reaches("shop.test/a", rest), 1);
  for (const char* rest : {"/", "/ab", "/b", "/b/a", "/A", "/?/a", "//a"}) CHECK_EQ(reaches("shop.test/a", rest), 0);
  CHECK_EQ(reaches("shop.test/a/b", "/a/b/c"), 1);
  CHECK_EQ(reaches("shop.test/a/b", "/a/bc"), 0);
  CHECK_EQ(reaches("shop.test/a/b", "/a"), 0);
  CHECK_EQ(reaches("shop.test", "/any?thing"), 1);
  std::string deep;
  for (int i = 0; i < 40; ++i) deep += "/s";
  CHECK_EQ(reaches("shop.test" + deep.substr(0, 64), deep), 1);
}

TEST(a_host_is_all_its_schemes_and_ports) {
  Rig rig;
  for (const char* site : {"hshop.test", "sshop.test", "hshop.test:8080", "hxshop.test", "hshop.test.x"}) CHECK(rig.put(key_of(7, site, "/a"), "x"));
  CHECK(purge(rig, Group::host, "shop.test"));
  for (const char* site : {"hshop.test", "sshop.test", "hshop.test:8080"}) CHECK(!rig.has(key_of(7, site, "/a")));
  CHECK(rig.has(key_of(7, "hxshop.test", "/a")) && rig.has(key_of(7, "hshop.test.x", "/a")));
  CHECK(rig.put(url("/a"), "y"));
  CHECK(is_fresh(rig, url("/a")));
}

TEST(a_zone_is_all_its_keys) {
  Rig rig;
  CHECK(rig.put(url("/a"), "x") && rig.put(key_of(8, "hshop.test", "/a"), "x"));
  CHECK(purge(rig, Group::zone, ""));
  CHECK(!rig.has(url("/a")) && rig.has(key_of(8, "hshop.test", "/a")));
}

TEST(a_tag_reaches_what_carries_it) {
  Rig rig;
  CHECK(put_tagged(rig, url("/a"), {"one", "Two"}) && put_tagged(rig, url("/b"), {"two", "three"}, 100'000) && put_tagged(rig, url("/c"), {"three"}));
  CHECK(rig.put(url("/d"), "x") && put_tagged(rig, key_of(8, "hshop.test", "/a"), {"two"}));
  CHECK_EQ(rig.get(url("/b")), body_of(url("/b"), 100'000));
  CHECK(purge(rig, Group::tag, "TWO"));
  CHECK(!rig.has(url("/a")) && !rig.has(url("/b")));
  CHECK(rig.has(url("/c")) && rig.has(url("/d")) && rig.has(key_of(8, "hshop.test", "/a")));
  CHECK(purge(rig, Group::tag, "two", false, any_zone));
  CHECK(!rig.has(key_of(8, "hshop.test", "/a")));
  CHECK(put_tagged(rig, url("/a"), {"two"}));
  CHECK(is_fresh(rig, url("/a")));
  CHECK_EQ(rig.store->stats().pins, 0u);
}

TEST(more_tags_than_are_kept_count_as_all) {
  Rig rig;
  std::vector<TagHash> many(tags_limit + 1);
  for (std::size_t i = 0; i < many.size(); ++i) many[i] = i;
  CHECK(put_tagged(rig, url("/many"), Tags{many, false}) && put_tagged(rig, url("/told"), Tags{{}, true}) && rig.put(url("/none"), "x"));
  many.pop_back();
  CHECK(put_tagged(rig, url("/most"), Tags{many, false}));
  CHECK(purge(rig, Group::tag, "any"));
  CHECK(!rig.has(url("/many")) && !rig.has(url("/told")));
  CHECK(rig.has(url("/none")) && rig.has(url("/most")));
}

TEST(a_url_is_its_variants_and_parts) {
  for (const bool soft : {false, true}) {
    Rig rig;
    const std::string base = url("/v");
    for (const char* rest : {"", "\x02....\x03gzip", "\x01origin=http://a", "\x01origin=http://a\x05....\x02....\x04", "/below", "?q"}) CHECK(rig.put(base + rest, "x"));
    const auto hit = rig.store->purge_url(hash_of(base), bytes_of(base), soft);
    CHECK(hit.has_value());
    CHECK_EQ(*hit, 1u);
    for (const char* rest : {"", "\x02....\x03gzip", "\x01origin=http://a", "\x01origin=http://a\x05....\x02....\x04"}) {
      CHECK(!is_fresh(rig, base + rest));
      CHECK_EQ(rig.has(base + rest), soft);
    }
    CHECK(is_fresh(rig, base + "/below") && is_fresh(rig, base + "?q"));
  }
}

TEST(a_soft_purge_keeps_vary_markers_and_forgets_pass_markers) {
  Rig rig;
  ObjectMeta meta;
  meta.fresh_until = rig.now + 50;
  meta.flags = object_flag::vary_marker;
  const std::string varies = url("/varies"), pass = url("/pass");
  rig.store->put_marker(hash_of(varies), bytes_of(varies), bytes_of("vary: a"), meta, rig.now);
  meta.flags = object_flag::pass_marker;
  rig.store->put_marker(hash_of(pass), bytes_of(pass), {}, meta, rig.now);
  CHECK(purge(rig, Group::host, "shop.test", true));
  const LookupResult marker = rig.look(varies);
  CHECK(marker.state == LookupState::varies);
  rig.store->unpin(0, marker.ref);
  CHECK(rig.look(pass).state == LookupState::miss);
  CHECK(purge(rig, Group::host, "shop.test"));
  CHECK(rig.look(varies).state == LookupState::miss);
}

TEST(stale_times_count_from_the_next_use_after_a_soft_purge) {
  Rig rig;
  const FillResult begun = rig.begin(url("/a"));
  ObjectMeta meta = rig.meta(1000);
  meta.stale_while_revalidate_until = rig.now + 1030;
  meta.stale_if_error_until = rig.now + 1000;
  rig.store->set_head(begun.fill, {}, meta, 0);
  CHECK(rig.store->complete(begun.fill));
  CHECK(purge(rig, Group::prefix, "shop.test/a", true));
  rig.now += 10;
  for (int i = 0; i < 2; ++i) {
    const LookupResult found = rig.look(url("/a"));
    CHECK(found.view.meta.fresh_until < rig.now - 10);
    CHECK_EQ(found.view.meta.stale_while_revalidate_until, rig.now + 30);
    rig.store->unpin(0, found.ref);
  }
  // Refreshed by an answer that was asked for since, it stands.
  const LookupResult old = rig.look(url("/a"));
  const FillResult again = rig.begin(url("/a"), 0, nullptr, old.ref);
  CHECK(again.kind == FillKind::leader);
  const ObjectRef fresh = rig.store->refresh(0, old.ref, again.fill, {}, rig.meta());
  rig.store->unpin(0, fresh);
  rig.store->unpin(0, old.ref);
  CHECK(is_fresh(rig, url("/a")));
}

TEST(a_purge_that_comes_while_the_origin_is_asked_counts) {
  for (const bool soft : {false, true}) {
    for (int group = 0; group < 6; ++group) {
      Rig rig;
      const std::string key = url("/a/b");
      const FillResult lead = rig.begin(key);
      Reader early;
      rig.begin(key, 1, &early);
      switch (group) {
        case 0: CHECK(purge(rig, Group::zone, "", soft)); break;
        case 1: CHECK(purge(rig, Group::host, "shop.test", soft)); break;
        case 2: CHECK(purge(rig, Group::prefix, "shop.test/a", soft)); break;
        case 3: CHECK(purge(rig, Group::tag, "t", soft)); break;
        case 4: CHECK_EQ(rig.store->purge_url(hash_of(key), bytes_of(key), soft).value_or(99), 1u); break;
        default: CHECK_EQ(rig.store->purge_all(soft).value_or(99), 0u);
      }
      Reader late;
      const FillResult next = rig.begin(key, 2, &late);
      // Its tags are not known yet: whoever comes late learns with the head that he has to look again.
      CHECK(next.kind == (group == 3 ? FillKind::follower : FillKind::leader));
      const auto tags = hashes({"t"});
      CHECK(rig.store->set_head(lead.fill, {}, rig.meta(), 3, Tags{tags, false}) == HeadState::ok);
      CHECK(rig.store->follow_state(early) == FollowState::head);
      if (group == 3) CHECK(rig.store->follow_state(late) == FollowState::purged);
      late.close();
      CHECK(rig.look(key).state == (group == 3 ? LookupState::miss : LookupState::filling));
      rig.write(lead.fill, "old");
      CHECK(!rig.store->complete(lead.fill));
      ReadState state = ReadState::wait;
      CHECK_EQ(Rig::drain(early, state), "old");
      early.close();
      if (next.kind == FillKind::leader) rig.store->abort(next.fill, AbortCause::released);
      CHECK(rig.put(key, "new"));
      CHECK_EQ(rig.get(key), "new");
    }
  }
}

TEST(who_came_after_a_purge_does_not_get_the_head_of_a_fill_that_was_cut_off) {
  Rig rig;
  const std::string key = url("/a");
  const FillResult lead = rig.begin(key);
  Reader early;
  rig.begin(key, 1, &early);
  CHECK(purge(rig, Group::tag, "t"));
  Reader late;
  CHECK(rig.begin(key, 2, &late).kind == FillKind::follower);
  const auto tags = hashes({"t"});
  CHECK(rig.store->set_head(lead.fill, {}, rig.meta(), 3, Tags{tags, false}) == HeadState::ok);
  rig.store->abort(lead.fill, AbortCause::failed_after_head);
  CHECK(rig.store->follow_state(early) == FollowState::head);
  CHECK(rig.store->follow_state(late) == FollowState::purged);
}

TEST(a_fill_that_begins_after_its_origin_was_asked_is_as_old_as_the_question) {
  Rig rig;
  const std::uint32_t asked = rig.store->epoch();
  CHECK(purge(rig, Group::host, "shop.test"));
  const std::string key = url("/a\x02....\x04");
  const FillResult lead = rig.store->begin_fill({hash_of(key), bytes_of(key), 0, 0, rig.now, {}, asked}, nullptr);
  CHECK(!rig.store->is_kept(lead.fill));
  rig.store->set_head(lead.fill, {}, rig.meta(), 0);
  CHECK(!rig.store->complete(lead.fill));
  CHECK(!rig.has(key));
}

TEST(a_fill_whose_url_was_invalidated_since_its_origin_was_asked_is_not_kept_nor_joined) {
  Rig rig;
  const std::string key = url("/a\x02....\x04");
  std::atomic<std::uint64_t> invalidations{6};
  const auto begin = [&](ObjectRef seen, std::uint64_t asked, Reader* reader) {
    FillRequest request{hash_of(key), bytes_of(key), 0, 0, rig.now, seen};
    request.invalidated = &invalidations;
    request.asked_invalidations = asked;
    return rig.store->begin_fill(request, reader);
  };
  for (const bool stands : {false, true}) {
    if (stands) CHECK(rig.put(key, "newer"));
    Reader own;
    const LookupResult seen = rig.look(key);
    const FillResult late = begin(seen.ref, 5, &own);
    if (seen.ref) rig.store->unpin(0, seen.ref);
    CHECK(late.kind == FillKind::leader);
    CHECK(!rig.store->is_kept(late.fill));
    const LookupResult found = rig.look(key);
    CHECK(!found.filling);
    if (found.ref) rig.store->unpin(0, found.ref);
    rig.store->set_head(late.fill, {}, rig.meta(), 3);
    CHECK_EQ(rig.write(late.fill, "old"), 3u);
    CHECK(!rig.store->complete(late.fill));
    ReadState state = ReadState::wait;
    CHECK_EQ(Rig::drain(own, state), "old");
    CHECK(state == ReadState::end);
    own.close();
    CHECK_EQ(rig.get(key), stands ? "newer" : "(none)");
  }
  CHECK_EQ(rig.store->purge(hash_of(key), bytes_of(key), false), 1u);
  const FillResult current = begin({}, 6, nullptr);
  CHECK(rig.store->is_kept(current.fill));
  rig.store->abort(current.fill, AbortCause::released);
  CHECK_EQ(rig.store->stats().pins, 0u);
  CHECK_EQ(rig.store->stats().bytes_unlinked, 0u);
}

TEST(a_304_carries_the_tags_on_and_a_purge_since_the_question_counts) {
  Rig rig;
  CHECK(put_tagged(rig, url("/a"), {"t"}));
  const auto refresh = [&](const Tags* tags, bool purges) {
    const LookupResult old = rig.look(url("/a"));
    const FillResult lead = rig.begin(url("/a"), 0, nullptr, old.ref);
    if (purges) purge(rig, Group::tag, "t", true);
    const ObjectRef fresh = rig.store->refresh(0, old.ref, lead.fill, bytes_of("h"), rig.meta(), tags);
    rig.store->unpin(0, fresh);
    rig.store->unpin(0, old.ref);
  };
  refresh(nullptr, false);
  CHECK(is_fresh(rig, url("/a")));
  refresh(nullptr, true);
  CHECK(rig.has(url("/a")) && !is_fresh(rig, url("/a")));
  refresh(nullptr, false);
  CHECK(is_fresh(rig, url("/a")));
  const auto others = hashes({"u"});
  const Tags tags{others, false};
  refresh(&tags, false);
  CHECK(purge(rig, Group::tag, "t"));
  CHECK(rig.has(url("/a")));
  CHECK(purge(rig, Group::tag, "u"));
  CHECK(!rig.has(url("/a")));
  CHECK_EQ(rig.store->stats().pins, 0u);
}

TEST(a_table_that_is_full_purges_more_never_less) {
  Rig rig;
  constexpr int tags = 30'000;  // 1024 sets of seven
  for (int i = 0; i < 200; ++i) CHECK(put_tagged(rig, url("/" + std::to_string(i)), {"keep" + std::to_string(i % 7), "tag-" + std::to_string(i)}));
  for (int i = 0; i < tags; ++i) CHECK(purge(rig, Group::tag, "tag-" + std::to_string(i)));
  CHECK(rig.store->stats().purges_forgotten > 0);
  for (int i = 0; i < 200; ++i) CHECK(!rig.has(url("/" + std::to_string(i))));
  // What is newer than all of them is not touched.
  CHECK(put_tagged(rig, url("/new"), {"tag-1"}));
  for (int i = 0; i < 100; ++i) CHECK(purge(rig, Group::tag, "other-" + std::to_string(i)));
  CHECK(is_fresh(rig, url("/new")));
}

TEST(ten_thousand_tags_fit) {
  Rig rig;
  for (int i = 0; i < 500; ++i) CHECK(put_tagged(rig, url("/" + std::to_string(i)), {"tag-" + std::to_string(i), "all"}));
  for (int i = 0; i < 10'000; i += 2) CHECK(purge(rig, Group::tag, "tag-" + std::to_string(i), i % 4 == 0));
  int fresh = 0;
  for (int i = 1; i < 500; i += 2) fresh += is_fresh(rig, url("/" + std::to_string(i))) ? 1 : 0;
  for (int i = 0; i < 500; i += 2) CHECK(!is_fresh(rig, url("/" + std::to_string(i))));
  // 5000 marks in 1024 sets: a set or two may have forgotten one.
  CHECK(fresh > 150);
}

TEST(a_purge_of_all_counts_what_stood) {
  Rig rig;
  for (int i = 0; i < 10; ++i) CHECK(rig.put(url("/" + std::to_string(i)), "x"));
  CHECK_EQ(rig.store->purge_all(true).value_or(99), 10u);
  CHECK_EQ(rig.store->purge_all(false).value_or(99), 10u);
  CHECK_EQ(rig.store->purge_all(false).value_or(99), 0u);
  CHECK_EQ(rig.store->purge_url(hash_of(url("/1")), bytes_of(url("/1")), false).value_or(99), 0u);
  CHECK(rig.put(url("/1"), "x") && rig.put(url("/2"), "x"));
  CHECK_EQ(rig.store->purge_all(false).value_or(99), 2u);
}

TEST(what_was_purged_is_evicted_first) {
  Rig rig;
  const std::string body = body_of("b", 20'000);
  for (int i = 0; i < 300; ++i) {
    CHECK(put_tagged(rig, url("/old/" + std::to_string(i)), {"old"}, 20'000));
    for (int hits = 0; hits < 3; ++hits) CHECK(rig.has(url("/old/" + std::to_string(i))));
  }
  // On to the main queue with them.
  for (int i = 0; i < 200; ++i) rig.put(url("/more/" + std::to_string(i)), body);
  CHECK(purge(rig, Group::tag, "old"));
  CHECK(purge(rig, Group::prefix, "shop.test/more"));
  for (int i = 0; i < 300; ++i) CHECK(rig.put(url("/new/" + std::to_string(i)), body));
  int there = 0;
  for (int i = 0; i < 300; ++i) there += rig.has(url("/new/" + std::to_string(i))) ? 1 : 0;
  CHECK_EQ(there, 300);
}

TEST(epochs_that_are_used_up_are_told) {
  Rig rig;
  CHECK(rig.put(url("/a"), "x"));
  const Inside in(*rig.store);
  in.root.epoch.store(epoch_now - 2);
  CHECK(purge(rig, Group::host, "shop.test"));
  CHECK(!rig.has(url("/a")));
  CHECK(!purge(rig, Group::host, "shop.test"));
  CHECK(!rig.store->purge_all(false).has_value());
  CHECK(!rig.store->purge_url(1, bytes_of(url("/a")), false).has_value());
}

PARAPET_TEST_MAIN
