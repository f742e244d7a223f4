"""`bakeoff monitor`: deployed models watched between nights, as live metrics on a port."""
