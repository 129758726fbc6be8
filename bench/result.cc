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

std::string bound(const Figure& figure) {
  if (figure.at_least != 0) return "at least " + number(figure.at_least);
  if (figure.at_most != 0) return "at most " + number(figure.at_most);
  return "";
}

}  // namespace

bool BenchResult::holds() const {
  return std::all_of(figures.begin(), figures.end(), [](const Figure& figure) { return figure.holds(); });
}

std::string BenchResult::to_text() const {
  std::string text;
  for (const Figure& figure : figures) {
    char line[256];
    std::snprintf(line, sizeof line, "%-52s %14s %-12s %s%s\n", figure.name.c_str(), number(figure.value).c_str(),
                  figure.unit.c_str(), bound(figure).c_str(), figure.holds() ? "" : "  MISSED");
    text += line;
  }
  return text;
}

std::string BenchResult::to_json() const {
  std::string json = "{\"name\":\"" + name + "\",\"figures\":[";
  for (const Figure& figure : figures) {
    if (&figure != &figures.front()) json += ",";
    json += "{\"name\":\"" + figure.name + "\",\"value\":" + number(figure.value) + ",\"unit\":\"" + figure.unit + "\"";
    if (figure.at_least != 0) json += ",\"at_least\":" + number(figure.at_least);
    if (figure.at_most != 0) json += ",\"at_most\":" + number(figure.at_most);
    json += std::string(",\"holds\":") + (figure.holds() ? "true" : "false") + "}";
  }
  return json + "]}";
}

}  // namespace faultline::bench
