#include "bench/result.h"

#include <algorithm>
#include <cstdio>

namespace faultline::bench {
namespace {

std::string number(double value) {
  char text[64];
  std::snprintf(text, sizeof text, value >= 1000 ? "%.0f" : "%.3g", value);
  return text;
}

std::string goal(const Figure& figure) {
  std::string text;
  if (figure.at_least != 0) text = "at least " + number(figure.at_least);
  if (figure.at_most != 0) text = "at most " + number(figure.at_most);
  if (figure.at_most_raws != 0) text += (text.empty() ? "at most " : ", ") + number(figure.at_most_raws) + "x raw";
  return text;
}

std::string raw_limit(const Figure& figure) { return figure.raw == 0 ? "" : number(figure.raw); }

std::string line(const char* name, const char* value, const char* unit, const std::string& goal, const std::string& raw,
                 const char* verdict) {
  char text[256];
  std::snprintf(text, sizeof text, "%-52s %10s %-12s %-22s %10s %s\n", name, value, unit, goal.c_str(), raw.c_str(), verdict);
  return text;
}

std::string json_number(const char* name, double value) {
  return value == 0 ? "" : ",\"" + std::string(name) + "\":" + number(value);
}

}  // namespace

bool BenchResult::holds() const {
  return std::all_of(figures.begin(), figures.end(), [](const Figure& figure) { return figure.holds(); });
}

std::string BenchResult::to_text() const {
  std::string text = line("figure", "measured", "unit", "goal", "raw limit", "");
  for (const Figure& figure : figures) {
    text += line(figure.name.c_str(), number(figure.value).c_str(), figure.unit.c_str(), goal(figure), raw_limit(figure),
                 figure.holds() ? "" : "MISSED");
  }
  return text;
}

std::string BenchResult::to_json() const {
  std::string json = "{\"name\":\"" + name + "\",\"figures\":[";
  for (const Figure& figure : figures) {
    if (&figure != &figures.front()) json += ",";
    json += "{\"name\":\"" + figure.name + "\",\"value\":" + number(figure.value) + ",\"unit\":\"" + figure.unit + "\"";
    json += json_number("at_least", figure.at_least) + json_number("at_most", figure.at_most);
    json += json_number("raw", figure.raw) + json_number("at_most_raws", figure.at_most_raws);
    json += std::string(",\"holds\":") + (figure.holds() ? "true" : "false") + "}";
  }
  return json + "]}";
}

}  // namespace faultline::bench
