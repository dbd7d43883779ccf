// Pages of the operator: which one is chosen, and what stands in it.
#include "core/pages.h"

#include "test/check.h"

using namespace parapet;

namespace {

Page page_of(const char* type, std::vector<Page::Part> parts) { return {type, std::move(parts)}; }

}  // namespace

TEST(a_page_is_its_texts_with_the_values_between_them) {
  const Page page = page_of("text/plain", {{"<", Placeholder::status, true}, {" ", Placeholder::reason, true}, {" ", Placeholder::ray_id, true}, {">"}});
  std::string out = "what was there before";
  page.render(out, 404, 0xabcdef);
  CHECK(out == "<404 Not Found 0000000000abcdef>");
  page.render(out, 599, 1);
  CHECK(out == "<599 Status 0000000000000001>");
}

TEST(the_zone_goes_before_all_zones_and_the_status_before_its_class) {
  Pages pages;
  for (const char* name : {"404", "4xx", "rest", "zone 5xx"}) pages.add(page_of(name, {}));
  pages.choose(Pages::every_zone, 404, 0);
  pages.choose(Pages::every_zone, 4, 1);
  pages.choose(Pages::every_zone, 0, 2);
  pages.choose(3, 5, 3);
  pages.choose(3, 404, 9);  // there is no page 9
  const auto name = [&](std::int32_t zone, std::int32_t status) {
    const Page* page = pages.find(zone, status);
    return page == nullptr ? std::string() : page->content_type;
  };
  CHECK(name(0, 404) == "404");
  CHECK(name(0, 400) == "4xx");
  CHECK(name(-1, 500) == "rest");
  CHECK(name(3, 502) == "zone 5xx");
  CHECK(name(3, 404) == "404");
  CHECK(name(0, 200).empty());
  CHECK(name(0, 304).empty());
  CHECK(name(0, 600).empty());
  CHECK(Pages().find(0, 404) == nullptr);
}

PARAPET_TEST_MAIN
