// Armadillo's expectation-maximization, or its scores, of rows that lie in a folder as bare numbers.
//
//   armadillo_em fit   float|double full|diag N D K FOLDER FEW MANY VARIANCE_FLOOR
//   armadillo_em score float|double full|diag N D K FOLDER
//
// Rows are N x D of the named type, row by row, as `rows`; weights (K), means (K x D) and
// covariances (K x D x D, or K x D) are doubles. A row of such a file is a column of Armadillo's.
// Prints the seconds of each stage as one JSON object, and leaves its results beside the rows.

#include <armadillo>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

struct Problem {
  arma::uword n_rows, n_columns, n_components;
  std::string folder;

  std::string path(const std::string& name) const { return folder + "/" + name; }
};

template <typename Number>
void read_numbers(const std::string& path, Number* target, arma::uword count) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) throw std::runtime_error("cannot open " + path);
  const std::size_t found = std::fread(target, sizeof(Number), count, file);
  std::fclose(file);
  if (found != count) throw std::runtime_error(path + " is too short");
}

template <typename Number>
void write_numbers(const std::string& path, const Number* source, arma::uword count) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) throw std::runtime_error("cannot open " + path);
  const std::size_t written = std::fwrite(source, sizeof(Number), count, file);
  if (std::fclose(file) != 0 || written != count) throw std::runtime_error("cannot write " + path);
}

template <typename Number>
arma::Mat<Number> rows_of(const Problem& problem) {
  arma::Mat<Number> rows(problem.n_columns, problem.n_rows);
  read_numbers(problem.path("rows"), rows.memptr(), rows.n_elem);
  return rows;
}

template <typename Number>
arma::Mat<Number> parameters(const Problem& problem, const char* name, arma::uword height,
                             arma::uword width) {
  arma::mat exact(height, width);
  read_numbers(problem.path(name), exact.memptr(), exact.n_elem);
  return arma::conv_to<arma::Mat<Number>>::from(exact);
}

// What the two kinds of covariances do not have in common.
template <typename Number>
struct Full {
  using Model = arma::gmm_priv::gmm_full<Number>;

  static void set(Model& model, const Problem& p, const arma::Mat<Number>& means,
                  const arma::Row<Number>& weights) {
    const arma::uword d = p.n_columns;
    const arma::Mat<Number> flat = parameters<Number>(p, "covariances", d * d, p.n_components);
    arma::Cube<Number> covariances(flat.memptr(), d, d, p.n_components);
    model.set_params(means, covariances, weights);
  }
  static const arma::Cube<Number>& covariances(const Model& model) { return model.fcovs; }
};

template <typename Number>
struct Diagonal {
  using Model = arma::gmm_priv::gmm_diag<Number>;

  static void set(Model& model, const Problem& p, const arma::Mat<Number>& means,
                  const arma::Row<Number>& weights) {
    model.set_params(means, parameters<Number>(p, "covariances", p.n_columns, p.n_components),
                     weights);
  }
  static const arma::Mat<Number>& covariances(const Model& model) { return model.dcovs; }
};

template <typename Number, typename Kind>
typename Kind::Model start_of(const Problem& p) {
  const arma::Mat<Number> means = parameters<Number>(p, "means", p.n_columns, p.n_components);
  const arma::Row<Number> weights = parameters<Number>(p, "weights", 1, p.n_components);
  typename Kind::Model model;
  Kind::set(model, p, means, weights);
  return model;
}

template <typename Array>
void write_doubles(const std::string& path, const Array& values) {
  arma::vec exact(values.n_elem);
  for (arma::uword i = 0; i < values.n_elem; ++i) exact[i] = values[i];
  write_numbers(path, exact.memptr(), exact.n_elem);
}

struct Learned {
  double seconds;
  int iterations;
};

// Armadillo ends early where two likelihoods are equal to the last bit; what it prints tells.
template <typename Model, typename Rows, typename Number>
Learned learn(Model& model, const Rows& rows, arma::uword iterations, Number floor) {
  std::ostringstream printed;
  arma::set_cout_stream(printed);
  const Clock::time_point begin = Clock::now();
  const bool well = model.learn(rows, model.n_gaus(), arma::eucl_dist, arma::keep_existing, 0,
                                iterations, floor, true);
  const double seconds = seconds_since(begin);
  if (!well) throw std::runtime_error("learn() failed");
  int counted = 0;
  const std::string text = printed.str(), mark = "EM: iteration";
  for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1))
    ++counted;
  return {seconds, counted};
}

template <typename Number, typename Kind>
void fit(const Problem& p, arma::uword few, arma::uword many, Number floor) {
  const Clock::time_point begin = Clock::now();
  const arma::Mat<Number> rows = rows_of<Number>(p);
  const double reading = seconds_since(begin);
  typename Kind::Model model = start_of<Number, Kind>(p);
  const Learned after_few = learn(model, rows, few, floor);
  model = start_of<Number, Kind>(p);
  const Learned after_many = learn(model, rows, many, floor);
  write_doubles(p.path("fitted-weights"), model.hefts);
  write_doubles(p.path("fitted-means"), model.means);
  write_doubles(p.path("fitted-covariances"), Kind::covariances(model));
  std::printf(
      "{\"reading\": %.9g, \"few\": %.9g, \"many\": %.9g, \"few_iterations\": %d, "
      "\"many_iterations\": %d}\n",
      reading, after_few.seconds, after_many.seconds, after_few.iterations,
      after_many.iterations);
}

template <typename Number, typename Kind>
void score(const Problem& p) {
  const arma::Mat<Number> rows = rows_of<Number>(p);
  const typename Kind::Model model = start_of<Number, Kind>(p);
  Clock::time_point begin = Clock::now();
  const arma::Row<Number> densities = model.log_p(rows);
  const double scoring = seconds_since(begin);
  begin = Clock::now();
  const arma::urowvec labels = model.assign(rows, arma::prob_dist);
  const double labeling = seconds_since(begin);
  write_doubles(p.path("log-densities"), densities);
  write_doubles(p.path("labels"), labels);
  std::printf("{\"scoring\": %.9g, \"labeling\": %.9g}\n", scoring, labeling);
}

template <typename Number, typename Kind>
void run(const Problem& problem, const std::string& task, char** rest) {
  if (task == "fit")
    fit<Number, Kind>(problem, std::stoul(rest[0]), std::stoul(rest[1]), Number(std::stod(rest[2])));
  else
    score<Number, Kind>(problem);
}

}  // namespace

int main(int count, char** words) {
  if (count == 2 && std::string(words[1]) == "version") {
    std::cout << arma::arma_version::as_string() << "\n";
    return 0;
  }
  const std::string task = count > 1 ? words[1] : "";
  if (!((task == "fit" && count == 11) || (task == "score" && count == 8))) {
    std::cerr << "armadillo_em fit|score float|double full|diag N D K FOLDER [FEW MANY FLOOR]\n";
    return 2;
  }
  try {
    const Problem problem{std::stoul(words[4]), std::stoul(words[5]), std::stoul(words[6]),
                          words[7]};
    const bool single = std::string(words[2]) == "float", full = std::string(words[3]) == "full";
    if (single && full) run<float, Full<float>>(problem, task, words + 8);
    if (single && !full) run<float, Diagonal<float>>(problem, task, words + 8);
    if (!single && full) run<double, Full<double>>(problem, task, words + 8);
    if (!single && !full) run<double, Diagonal<double>>(problem, task, words + 8);
  } catch (const std::exception& problem) {
    std::cerr << problem.what() << "\n";
    return 1;
  }
  return 0;
}
