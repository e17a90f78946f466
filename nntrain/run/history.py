from nntrain.report.pictures.history import read_table as read_table


def columns_of(rows): ...
