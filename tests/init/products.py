"""The same business as open-source ERPs, and programmers of further countries, write it down."""

from decimal import Decimal

from tests.init.business import Business
from tests.init.schemas import T


def odoo(b: Business) -> list[T]:
    """One table of documents for both sides, one table of partners, lookups by id."""
    currency = {"EUR": 1, "USD": 2, "GBP": 3}
    return [
        T("res_currency", "id:int pk, name:text(3) nn unique, symbol:text(5)", [(n, c, c[0]) for c, n in currency.items()]),
        T("res_partner", "id:int pk, name:text nn, ref:text, is_company:bool, customer_rank:int, supplier_rank:int, street:text, zip:text, city:text, phone:text, email:text, vat:text, parent_id:int fk=res_partner.id, active:bool, create_date:stamp, write_date:stamp",
          [(c.id, c.name, c.number, True, 1, 0, c.street, c.postal, c.city, c.phone, None, None, None, True, c.created, c.created) for c in b.customers]),
        T("product_template", "id:int pk, name:text nn, list_price:num, weight:num, active:bool", [(i.id, i.name, i.price, i.weight, True) for i in b.items]),
        T("product_product", "id:int pk, product_tmpl_id:int nn fk=product_template.id, default_code:text, barcode:text, active:bool", [(500 + i.id, i.id, i.number, None, True) for i in b.items]),
        T("stock_warehouse", "id:int pk, name:text nn, code:text(5) nn unique", [(w.id, w.name, w.code) for w in b.warehouses]),
        T("sale_order", "id:int pk, name:text nn, partner_id:int nn fk=res_partner.id, warehouse_id:int fk=stock_warehouse.id, currency_id:int fk=res_currency.id, date_order:stamp nn, commitment_date:stamp, state:text, client_order_ref:text, amount_untaxed:num, amount_tax:num, amount_total:num, write_date:stamp",
          [(o.id, o.number, o.customer.id, o.warehouse.id, currency[o.customer.currency], o.changed, None, {"Open": "draft", "Completed": "sale", "Cancelled": "cancel"}[o.status], o.reference, o.net, o.tax, o.gross, o.changed) for o in b.orders]),
        T("sale_order_line", "id:int pk, order_id:int nn fk=sale_order.id, product_id:int fk=product_product.id, name:text, sequence:int, product_uom_qty:num, price_unit:num, price_subtotal:num",
          [(x.id, o.id, 500 + x.item.id, x.item.name, x.number, x.quantity, x.price, x.net) for o in b.orders for x in o.lines]),
        T("account_move", "id:int pk, name:text, move_type:text nn, partner_id:int fk=res_partner.id, currency_id:int nn fk=res_currency.id, state:text nn, payment_state:text, date:date nn, invoice_date:date, invoice_date_due:date, invoice_origin:text, amount_untaxed:num, amount_tax:num, amount_total:num, amount_residual:num, create_date:stamp, write_date:stamp",
          [(v.id, v.number, "out_invoice", v.customer.id, currency[v.customer.currency], "posted", {"Paid": "paid", "Open": "not_paid"}[v.status], v.day, v.day, v.due, v.order.number, v.net, v.tax, v.gross, v.open, v.created, v.changed) for v in b.invoices]
          + [(3_000 + n, f"BILL{n}", "in_invoice", 1 + n, 1, "posted", "paid", b.invoices[0].day, b.invoices[0].day, b.invoices[0].due, None, Decimal(1), Decimal(0), Decimal(1), Decimal(0), b.invoices[0].created, b.invoices[0].created) for n in range(20)]),
        T("account_move_line", "id:int pk, move_id:int nn fk=account_move.id, product_id:int fk=product_product.id, name:text, sequence:int, quantity:num, price_unit:num, price_subtotal:num, debit:num, credit:num",
          [(1_000 * v.id + x.number, v.id, 500 + x.item.id, x.item.name, x.number, x.quantity, x.price, x.net, 0, x.net) for v in b.invoices for x in v.lines]),
        T("account_payment", "id:int pk, name:text, partner_id:int fk=res_partner.id, currency_id:int fk=res_currency.id, date:date, amount:num, payment_type:text, partner_type:text, payment_reference:text",
          [(p.id, p.number, p.customer.id, currency[p.customer.currency], p.day, p.amount, "inbound", "customer", None) for p in b.payments]),
    ]  # fmt: skip


def erpnext(b: Business) -> list[T]:
    """Tables with blanks and a prefix, keys that are names."""
    base = "name:text(140) pk, creation:stamp, modified:stamp, docstatus:small"
    return [
        T("tabCustomer", f"{base}, customer_name:text(140), customer_group:text(140), territory:text(140), default_currency:text(140), tax_id:text(140)", [(c.number, c.created, c.created, 0, c.name, "Commercial", c.country, c.currency, None) for c in b.customers]),
        T("tabItem", f"{base}, item_code:text(140), item_name:text(140), item_group:text(140), stock_uom:text(140), standard_rate:num(21,9), valuation_rate:num(21,9), weight_per_unit:num(21,9)", [(i.number, None, None, 0, i.number, i.name, i.group, i.unit, i.price, i.cost, i.weight) for i in b.items]),
        T("tabWarehouse", f"{base}, warehouse_name:text(140), city:text(140)", [(w.code, None, None, 0, w.name, w.city) for w in b.warehouses]),
        T("tabBin", f"{base}, item_code:text(140), warehouse:text(140), actual_qty:num(21,9), reserved_qty:num(21,9)", [(f"bin{s.id}", None, None, 0, s.item.number, s.warehouse.code, s.on_hand, s.reserved) for s in b.stock]),
        T("tabSales Order", f"{base}, customer:text(140), customer_name:text(140), transaction_date:date, delivery_date:date, po_no:text(140), status:text(140), currency:text(140), net_total:num(21,9), total_taxes_and_charges:num(21,9), grand_total:num(21,9)",
          [(o.number, o.changed, o.changed, 1, o.customer.number, o.customer.name, o.day, o.requested, o.reference, o.status, o.customer.currency, o.net, o.tax, o.gross) for o in b.orders]),
        T("tabSales Order Item", f"{base}, parent:text(140), idx:int, item_code:text(140), item_name:text(140), qty:num(21,9), rate:num(21,9), amount:num(21,9), uom:text(140), warehouse:text(140)",
          [(f"soi{x.id}", None, None, 1, o.number, x.number, x.item.number, x.item.name, x.quantity, x.price, x.net, x.item.unit, o.warehouse.code) for o in b.orders for x in o.lines]),
        T("tabSales Invoice", f"{base}, customer:text(140), customer_name:text(140), posting_date:date, due_date:date, status:text(140), is_return:small, currency:text(140), conversion_rate:num(21,9), net_total:num(21,9), total_taxes_and_charges:num(21,9), grand_total:num(21,9), outstanding_amount:num(21,9), po_no:text(140)",
          [(v.number, v.created, v.changed, 1, v.customer.number, v.customer.name, v.day, v.due, {"Paid": "Paid", "Open": "Unpaid"}[v.status], 0, v.customer.currency, 1, v.net, v.tax, v.gross, v.open, v.order.reference) for v in b.invoices]),
        T("tabSales Invoice Item", f"{base}, parent:text(140), idx:int, item_code:text(140), description:text, qty:num(21,9), rate:num(21,9), amount:num(21,9), uom:text(140), sales_order:text(140)",
          [(f"sii{1000 * v.id + x.number}", None, None, 1, v.number, x.number, x.item.number, x.item.name, x.quantity, x.price, x.net, x.item.unit, v.order.number) for v in b.invoices for x in v.lines]),
        T("tabPayment Entry", f"{base}, payment_type:text(140), party_type:text(140), party:text(140), posting_date:date, paid_amount:num(21,9), mode_of_payment:text(140)", [(p.number, None, None, 1, "Receive", "Customer", p.customer.number, p.day, p.amount, p.method) for p in b.payments]),
    ]  # fmt: skip


def tryton(b: Business) -> list[T]:
    """Names of modules before names of things, states, null numbers of drafts."""
    currency = {"EUR": 1, "USD": 2, "GBP": 3}
    return [
        T("currency_currency", "id:int pk, name:text, code:text(3)", [(n, f"Money {c}", c) for c, n in currency.items()]),
        T("party_party", "id:int pk, code:text nn, name:text, active:bool, create_date:stamp, write_date:stamp", [(c.id, c.number, c.name, True, c.created, None) for c in b.customers]),
        T("product_product", "id:int pk, code:text, template:int, active:bool", [(i.id, i.number, i.id, True) for i in b.items]),
        T("product_template", "id:int pk, name:text, type:text, default_uom:int", [(i.id, i.name, "goods", 1) for i in b.items]),
        T("sale_sale", "id:int pk, number:text, party:int nn fk=party_party.id, currency:int fk=currency_currency.id, sale_date:date, state:text, reference:text, untaxed_amount_cache:num, tax_amount_cache:num, total_amount_cache:num, create_date:stamp, write_date:stamp",
          [(o.id, None if o.status == "Open" else o.number, o.customer.id, currency[o.customer.currency], o.day, {"Open": "draft", "Completed": "done", "Cancelled": "cancelled"}[o.status], o.reference, o.net, o.tax, o.gross, o.changed, o.changed) for o in b.orders]),
        T("sale_line", "id:int pk, sale:int nn fk=sale_sale.id, product:int fk=product_product.id, sequence:int, quantity:real, unit_price:num", [(x.id, o.id, x.item.id, x.number, float(x.quantity), x.price) for o in b.orders for x in o.lines]),
        T("account_invoice", "id:int pk, number:text, type:text nn, party:int nn fk=party_party.id, currency:int fk=currency_currency.id, invoice_date:date, state:text, reference:text, untaxed_amount_cache:num, tax_amount_cache:num, total_amount_cache:num, create_date:stamp, write_date:stamp",
          [(v.id, v.number, "out", v.customer.id, currency[v.customer.currency], v.day, {"Paid": "paid", "Open": "posted"}[v.status], v.order.reference, v.net, v.tax, v.gross, v.created, v.changed) for v in b.invoices]
          + [(900 + n, None, "in", n, 1, None, "draft", None, None, None, None, b.invoices[0].created, None) for n in range(1, 6)]),
        T("account_invoice_line", "id:int pk, invoice:int nn fk=account_invoice.id, product:int fk=product_product.id, description:text, sequence:int, quantity:real, unit_price:num",
          [(1_000 * v.id + x.number, v.id, x.item.id, x.item.name, x.number, float(x.quantity), x.price) for v in b.invoices for x in v.lines]),
    ]  # fmt: skip


def italian(b: Business) -> list[T]:
    """Testate and righe, one letter before each column."""
    return [
        T("anagrafica_clienti", "cod_cliente:text(10) pk, ragione_sociale:text(80), indirizzo:text(80), cap:text(10), citta:text(40), nazione:text(2), telefono:text(30), valuta:text(3), fido:num(12,2)",
          [(c.number, c.name, c.street, c.postal, c.city, c.country, c.phone, c.currency, c.limit) for c in b.customers]),
        T("anagrafica_articoli", "cod_articolo:text(20) pk, descrizione:text(80), categoria:text(20), um:text(5), prezzo_vendita:num(12,2), costo:num(12,2)", [(i.number, i.name, i.group, i.unit, i.price, i.cost) for i in b.items]),
        T("magazzini", "cod_magazzino:text(5) pk, descrizione:text(40)", [(w.code, w.name) for w in b.warehouses]),
        T("giacenze", "cod_articolo:text(20) pk, cod_magazzino:text(5) pk, giacenza:num(12,3), impegnato:num(12,3)", [(s.item.number, s.warehouse.code, s.on_hand, s.reserved) for s in b.stock]),
        T("ordini_clienti", "numero_ordine:text(12) pk, cod_cliente:text(10), data_ordine:date, data_consegna:date, stato:text(20), imponibile:num(12,2), imposta:num(12,2), totale:num(12,2)", [(o.number, o.customer.number, o.day, o.requested, o.status, o.net, o.tax, o.gross) for o in b.orders]),
        T("righe_ordini", "numero_ordine:text(12) pk, riga:int pk, cod_articolo:text(20), quantita:num(12,3), prezzo:num(12,2), importo:num(12,2)", [(o.number, x.number, x.item.number, x.quantity, x.price, x.net) for o in b.orders for x in o.lines]),
        T("fatture_testata", "numero_fattura:text(12) pk, cod_cliente:text(10) nn, data_fattura:date, data_scadenza:date, stato:text(12), valuta:text(3), imponibile:num(12,2), iva:num(12,2), totale_fattura:num(12,2), saldo:num(12,2)",
          [(v.number, v.customer.number, v.day, v.due, {"Open": "aperta", "Paid": "pagata"}[v.status], v.customer.currency, v.net, v.tax, v.gross, v.open) for v in b.invoices]),
        T("fatture_righe", "numero_fattura:text(12) pk, riga:int pk, cod_articolo:text(20), descrizione:text(80), quantita:num(12,3), prezzo:num(12,2), importo:num(12,2)", [(v.number, x.number, x.item.number, x.item.name, x.quantity, x.price, x.net) for v in b.invoices for x in v.lines]),
        T("incassi", "id:int pk, cod_cliente:text(10), numero_fattura:text(12), data_incasso:date, importo:num(12,2), modalita:text(20)", [(p.id, p.customer.number, p.invoice.number, p.day, p.amount, p.method) for p in b.payments]),
    ]  # fmt: skip


def dutch(b: Business) -> list[T]:
    """Words put together, in camel case, with ids."""
    return [
        T("Klanten", "KlantId:int pk, Klantnummer:text(10) nn unique, Bedrijfsnaam:text(80), Adres:text(80), Postcode:text(10), Plaats:text(40), Land:text(2), Telefoon:text(30)", [(c.id, c.number, c.name, c.street, c.postal, c.city, c.country, c.phone) for c in b.customers]),
        T("Artikelen", "ArtikelId:int pk, Artikelcode:text(20) nn unique, Omschrijving:text(80), Eenheid:text(5), Verkoopprijs:num(12,2), Inkoopprijs:num(12,2)", [(i.id, i.number, i.name, i.unit, i.price, i.cost) for i in b.items]),
        T("Verkooporders", "OrderId:int pk, Ordernummer:text(12) nn unique, KlantId:int nn, Orderdatum:date, Leverdatum:date, Status:text(20), TotaalExcl:num(12,2), BTW:num(12,2), TotaalIncl:num(12,2)", [(o.id, o.number, o.customer.id, o.day, o.requested, o.status, o.net, o.tax, o.gross) for o in b.orders]),
        T("Verkooporderregels", "RegelId:int pk, OrderId:int nn, Regelnummer:int, ArtikelId:int, Aantal:num(12,3), Prijs:num(12,2), Bedrag:num(12,2)", [(x.id, o.id, x.number, x.item.id, x.quantity, x.price, x.net) for o in b.orders for x in o.lines]),
        T("Facturen", "FactuurId:int pk, Factuurnummer:text(12) nn unique, KlantId:int nn, Factuurdatum:date, Vervaldatum:date, Status:text(12), Valuta:text(3), BedragExcl:num(12,2), BTWBedrag:num(12,2), BedragIncl:num(12,2), Openstaand:num(12,2)",
          [(v.id, v.number, v.customer.id, v.day, v.due, {"Open": "openstaand", "Paid": "betaald"}[v.status], v.customer.currency, v.net, v.tax, v.gross, v.open) for v in b.invoices]),
        T("Factuurregels", "RegelId:int pk, FactuurId:int nn, Regelnummer:int, ArtikelId:int, Omschrijving:text(80), Aantal:num(12,3), Prijs:num(12,2), Bedrag:num(12,2)", [(1000 * v.id + x.number, v.id, x.number, x.item.id, x.item.name, x.quantity, x.price, x.net) for v in b.invoices for x in v.lines]),
    ]  # fmt: skip


def portuguese(b: Business) -> list[T]:
    """Upper case, short prefixes of tables in columns."""
    return [
        T("TB_CLIENTE", "CLI_ID:int pk, CLI_CODIGO:text(10) nn unique, CLI_NOME:text(80), CLI_ENDERECO:text(80), CLI_CEP:text(10), CLI_CIDADE:text(40), CLI_PAIS:text(2), CLI_LIMITE:num(12,2)", [(c.id, c.number, c.name, c.street, c.postal, c.city, c.country, c.limit) for c in b.customers]),
        T("TB_PRODUTO", "PRO_ID:int pk, PRO_CODIGO:text(20) nn unique, PRO_DESCRICAO:text(80), PRO_UNIDADE:text(5), PRO_PRECO:num(12,2), PRO_CUSTO:num(12,2)", [(i.id, i.number, i.name, i.unit, i.price, i.cost) for i in b.items]),
        T("TB_PEDIDO", "PED_ID:int pk, PED_NUMERO:text(12) nn unique, CLI_ID:int nn, PED_DATA:date, PED_SITUACAO:text(20), PED_TOTAL:num(12,2)", [(o.id, o.number, o.customer.id, o.day, o.status, o.gross) for o in b.orders]),
        T("TB_PEDIDO_ITEM", "PED_ID:int pk, ITE_SEQ:int pk, PRO_ID:int, ITE_QUANTIDADE:num(12,3), ITE_PRECO:num(12,2), ITE_VALOR:num(12,2)", [(o.id, x.number, x.item.id, x.quantity, x.price, x.net) for o in b.orders for x in o.lines]),
        T("TB_FATURA", "FAT_ID:int pk, FAT_NUMERO:text(12) nn unique, CLI_ID:int nn, PED_ID:int, FAT_DATA_EMISSAO:date, FAT_DATA_VENCIMENTO:date, FAT_SITUACAO:text(12), FAT_MOEDA:text(3), FAT_VALOR_LIQUIDO:num(12,2), FAT_IMPOSTO:num(12,2), FAT_VALOR_TOTAL:num(12,2), FAT_SALDO:num(12,2)",
          [(v.id, v.number, v.customer.id, v.order.id, v.day, v.due, v.status, v.customer.currency, v.net, v.tax, v.gross, v.open) for v in b.invoices]),
        T("TB_FATURA_ITEM", "FAT_ID:int pk, ITE_SEQ:int pk, PRO_ID:int, ITE_QUANTIDADE:num(12,3), ITE_PRECO:num(12,2), ITE_VALOR:num(12,2)", [(v.id, x.number, x.item.id, x.quantity, x.price, x.net) for v in b.invoices for x in v.lines]),
    ]  # fmt: skip
