"""The functions of exported networks, as a textbook prints them. Exported files hold copies of those that they use.

Arrays (rows, ...) keep their type: no NumPy scalar, such as np.sqrt(2), joins in, since NumPy 2 would go on in float64.
Parameters that a network can lack have defaults.
"""
