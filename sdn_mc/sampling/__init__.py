"""Ways of drawing beside plain Monte Carlo: which coins are thrown, and what a draw then weighs."""
